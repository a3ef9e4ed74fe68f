"""What the page shows, read from its elements, and how a number of the JSON report must look there."""
import math
from decimal import ROUND_HALF_UP, Decimal

STATUS_SIGNS = {"equal": "=", "explained": "≈", "inherited": "↓", "tolerated": "±", "failed": "✕"}

CHOOSE = "document.querySelector(`.cell[data-index='${arguments[0]}']`).click();"
READ_DETAIL = """
const detail = document.getElementById('detail');
const texts = (selector) => [...detail.querySelectorAll(selector)].map((node) => node.textContent);
const rows = [...detail.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent));
return {
  name: detail.querySelector('h2').textContent,
  pill: detail.querySelector('.pill').textContent,
  head: detail.querySelector('.head .muted').textContent,
  sections: texts('h3'),
  text: detail.textContent,
  numbers: Object.fromEntries(
      [...detail.querySelectorAll('dl div')].map((d) => [d.querySelector('dt').textContent, d.querySelector('dd').textContent])),
  key: texts('.key span'),
  bar: [...detail.querySelectorAll('.bar i')].map((i) => [i.className, Number(getComputedStyle(i).flexGrow)]),
  columns: [...detail.querySelectorAll('rect')].map(
      (r) => [r.querySelector('title').textContent, ...['x', 'y', 'height'].map((a) => Number(r.getAttribute(a)))]),
  first: texts('.first-box p'),
  causes: rows,
  paragraphs: texts(':scope > p'),
};"""
# Each layer in turn; one call, as there are hundreds.
READ_ALL = "return arguments[0].map((i) => { " + CHOOSE.replace("arguments[0]", "i") + " return (() => {" + READ_DETAIL + "})(); });"
READ_CELLS = """
return [...document.querySelectorAll('.cell')].map((cell) => ({
  index: Number(cell.dataset.index), what: cell.querySelector('.what').textContent,
  ppm: cell.querySelector('.ppm').textContent, words: cell.getAttribute('aria-label'), classes: [...cell.classList],
  background: getComputedStyle(cell).backgroundColor, colour: getComputedStyle(cell).color,
  border: getComputedStyle(cell).borderTopColor, badge: getComputedStyle(cell, '::after').content,
  chosen: cell.getAttribute('aria-pressed'), tab: cell.tabIndex,
}));"""
READ_ROWS = """
const titles = [...document.querySelectorAll('#tensors th')].map((cell) => cell.textContent);
return [...document.querySelectorAll('#tensors tbody tr')].map((row) => ({
  hidden: row.hidden, ...Object.fromEntries([...row.cells].map((cell, i) => [titles[i], cell.textContent]))}));"""


def count(number):
    return "–" if number is None else f"{number:,}"


def signed(number):
    return ("+" if number > 0 else "−" if number < 0 else "") + count(abs(number))


def digits(number, significant):
    """Rounded half away from zero to significant digits, without trailing zeros and exponent."""
    if number is None:
        return "–"
    exact = Decimal(number)
    if exact == 0:
        return "0"
    rounded = exact.quantize(Decimal((0, (1,), exact.adjusted() - significant + 1)), ROUND_HALF_UP)
    text = f"{rounded:,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def decibel(tensor):
    if tensor["sqnr_db"] is None:
        return "∞" if tensor["mismatches"] == 0 else "−∞"
    return digits(tensor["sqnr_db"], 4)


def numbers(tensor):
    """The list below the head of the chosen layer."""
    worst = "–" if tensor["worst_channel"] is None else \
        f"{tensor['worst_channel']} ({count(tensor['worst_channel_mismatches'])})"
    return {"mismatches": count(tensor["mismatches"]), "of codes": count(tensor["count"]),
            "ppm": digits(tensor["ppm"], 4), "max |LSB|": count(tensor["max_lsb"]),
            "mean LSB": digits(tensor["mean_lsb"], 3), "mean |LSB|": digits(tensor["mean_abs_lsb"], 3),
            "SQNR, dB": decibel(tensor), "cosine": digits(tensor["cosine"], 9),
            "saturated, golden": count(tensor["golden_saturated"]),
            "saturated, actual": count(tensor["actual_saturated"]), "worst channel": worst}


def columns(tensor, reach):
    """[label: count, height] of the histogram's bars: logarithmic, at most 92 high, at least 3."""
    differing = {i - reach: n for i, n in enumerate(tensor["histogram"]) if n > 0 and i != reach}
    largest = max(differing.values(), default=0)
    label = {-reach: f"≤−{reach}", reach: f"≥{reach}"}
    return [[f"{label.get(lsb, str(lsb).replace('-', '−'))}: {count(n)}",
             max(3, 92 * math.log(1 + n) / math.log(1 + largest))] for lsb, n in differing.items()]


def rule_words(rule):
    if not rule["rules"]:
        ending = "" if rule["fewest_mismatches"] == 1 else "es"
        return f"no known rule; nearest {rule['best']} with {count(rule['fewest_mismatches'])} mismatch{ending}"
    return " = ".join(rule["rules"]) + (f" ({', '.join(rule['profiles'])})" if rule["profiles"] else "")


def contrast(a, b):
    """Ratio of two colours rgb(r, g, b) as WCAG 2 defines it."""
    def luminance(text):
        parts = [int(p) / 255 for p in text[text.index("(") + 1:-1].split(",")[:3]]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    bright, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)
