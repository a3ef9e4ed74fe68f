'use strict';
// Everything is drawn from the report below; names reach the page as text nodes and attributes only.
const report = JSON.parse(document.getElementById('report').textContent);
const scan = JSON.parse(document.getElementById('scan').textContent);
const tensors = report.tensors;
const byId = (id) => document.getElementById(id);

const STATUS = {
  equal: ['=', 'equal in every code'],
  explained: ['≈', 'differs, explained by the golden\'s own float error'],
  inherited: ['↓', 'differs only where an operand differs'],
  tolerated: ['±', 'differs within its tolerance'],
  failed: ['✕', 'fails'],
};
// Colours change at these ppm.
const STEPS = [1, 10, 100, 1e3, 1e4, 1e5];
const RAMP = ['equal', '< 1', '1–10', '10–100', '100–1k', '1k–10k', '10k–100k', '≥ 100k'];

/// A node with attributes; children are nodes or text.
function el(tag, attributes = {}, ...children) {
  const svg = ['svg', 'rect', 'line', 'text', 'title'].includes(tag);
  const node = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on')
      for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else if (value !== null && value !== false)
      node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const count = (n) => (n === null || n === undefined ? '–' : n.toLocaleString('en-US'));
/// `d` significant digits, grouped like counts, without exponent.
const digits = (n, d) =>
    (n === null || n === undefined ?
         '–' :
         Number(n.toPrecision(d)).toLocaleString('en-US', {maximumFractionDigits: 20}).replace('-', '−'));
const signed = (n) => (n > 0 ? '+' : n < 0 ? '−' : '') + count(Math.abs(n));
const decibel = (t) => (t.mismatches === 0 ? '∞' : t.sqnr_db === null ? '−∞' : digits(t.sqnr_db, 4));
const many = (n, what, ending = 's') => `${count(n)} ${what}${n === 1 ? '' : ending}`;

function shortPpm(t) {
  if (t.mismatches === 0) return '=';
  if (t.ppm === null) return '≠';
  if (t.ppm < 0.1) return '<0.1';
  if (t.ppm < 9.95) return t.ppm.toFixed(1);
  if (t.ppm < 999.5) return t.ppm.toFixed(0);
  if (t.ppm < 9950) return (t.ppm / 1000).toFixed(1) + 'k';
  return (t.ppm / 1000).toFixed(0) + 'k';
}

function shortCount(n) {
  if (n < 1e4) return String(n);
  return n < 1e6 ? (n / 1e3).toFixed(0) + 'k' : (n / 1e6).toFixed(1) + 'M';
}

/// 0 where equal, else from 1 on: a step per power of ten.
function level(t) {
  if (t.mismatches === 0) return 0;
  if (t.ppm === null) return RAMP.length - 1;
  return 1 + STEPS.filter((ppm) => t.ppm >= ppm).length;
}

/// Consecutive tensors of one module of the network; functional modules belong to the block they run in.
function blocksOf() {
  const blocks = [];
  tensors.forEach((t, index) => {
    const dot = t.name.indexOf('.');
    const last = blocks[blocks.length - 1];
    const name = dot > 0 ? t.name.slice(0, dot) : t.name.startsWith('module_') && last ? last.name : t.name;
    if (last && last.name === name)
      last.indices.push(index);
    else
      blocks.push({name, indices: [index]});
  });
  return blocks;
}

function cellName(name) {
  const local = name.slice(name.indexOf('.') + 1);
  const parts = [['module_softmax', 'softmax'], ['module_', ''], ['pixel_shuffle', 'shuffle'], ['dropout', 'drop']];
  return parts.reduce((text, [from, to]) => (text.startsWith(from) ? to + text.slice(from.length) : text), local);
}

function tile(value, text, kind = '', small = '') {
  return el(
      'div', {class: `card tile ${kind}`}, el('b', {}, value), el('span', {}, text),
      small ? el('small', {}, small) : null);
}

function drawSummary() {
  const with_ = (status) => tensors.filter((t) => t.status === status).length;
  const differing = tensors.filter((t) => t.mismatches !== 0).length;
  const codes = tensors.reduce((sum, t) => sum + (t.mismatches === null ? 0 : t.count), 0);
  const mismatches = tensors.reduce((sum, t) => sum + (t.mismatches ?? 0), 0);
  const kinds = ['explained', 'inherited', 'tolerated'].filter(with_).map((s) => `${with_(s)} ${s}`).join(', ');
  const unknown = tensors.filter((t) => t.mismatches === null).length;
  const labels = scan.labels;
  byId('summary').append(
      tile(count(with_('failed')), 'tensors fail', with_('failed') ? 'bad' : 'good', report.first_failing || 'none'),
      tile(count(differing), 'tensors differ', '', kinds),
      tile(
          count(with_('equal')), `of ${count(tensors.length)} tensors equal`, '',
          report.skipped.length ? `${report.skipped.length} left out` : ''),
      tile(
          (unknown ? '≥ ' : '') + count(mismatches + unknown), 'mismatching codes', '',
          unknown ? `${many(unknown, 'tensor')} known by hash alone` :
              codes ? `of ${count(codes)}, ${digits((1e6 * mismatches) / codes, 3)} ppm` :
                      ''));
  if (labels)
    byId('summary').append(tile(
        count(labels.flipped), 'labels change', '',
        `of ${count(labels.points)} points, ${digits((100 * labels.flipped) / Math.max(labels.points, 1), 3)}\u00a0%`));
}

function drawLegend() {
  const ramp = RAMP.map((text, i) => el('span', {class: `l${i}`}, text));
  const used = Object.entries(STATUS).filter(([name]) => name !== 'equal');
  byId('legend').append(
      el('span', {}, 'Mismatching codes, ppm'), el('span', {class: 'ramp'}, ramp),
      el('span', {class: 'signs'},
         used.map(([name, [sign, text]]) => el('span', {title: text}, el('b', {}, sign), ` ${name}`)),
         el('span', {}, el('b', {}, '≠'), ' hash differs'),
         el('span', {}, el('b', {}, '1st'), ' first divergent layer')));
}

function drawCell(index) {
  const t = tensors[index];
  const first = t.name === report.first_divergent;
  const words = `${t.name}, ${t.op}: ${STATUS[t.status][1]}` +
      (t.mismatches === 0 ? '' : `, ${t.mismatches === null ? 'hash only' : many(t.mismatches, 'mismatch', 'es')}`) +
      (first ? ', first divergent layer' : '');
  return el(
      'button', {
        type: 'button',
        class: `cell l${level(t)} ${t.status}${first ? ' first' : ''}`,
        'data-index': index,
        tabindex: -1,
        title: words,
        'aria-label': words,
        'aria-pressed': 'false',
        on: {click: () => choose(index, true)},
      },
      el('span', {class: 'what'}, cellName(t.name)),
      el('span', {class: 'ppm'}, (['equal', 'failed'].includes(t.status) ? '' : STATUS[t.status][0]) + shortPpm(t)));
}

function drawNetwork() {
  for (const {name, indices} of blocksOf()) {
    const failing = indices.filter((i) => tensors[i].status === 'failed').length;
    const differing = indices.filter((i) => tensors[i].mismatches !== 0).length;
    const text = failing ? `✕ ${failing} of ${indices.length} fail` :
        differing ? `${differing} of ${indices.length} differ` :
                    'equal';
    byId('blocks').append(el(
        'div', {class: `block${failing ? ' failing' : ''}`}, el('div', {class: 'label'}, name, el('small', {}, text)),
        el('div', {class: 'cells'}, indices.map(drawCell))));
  }
  byId('blocks').addEventListener('keydown', onKey);
}

const cells = () => [...document.querySelectorAll('.cell')];

/// Arrow keys: left and right in run order, up and down to the nearest layer of the next line.
function onKey(event) {
  const all = cells();
  const at = all.indexOf(document.activeElement);
  const target = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1}[event.key] ??
      vertical(all, at, event.key);
  if (at < 0 || target === undefined) return;
  event.preventDefault();
  if (target < 0 || target >= all.length) return;
  choose(Number(all[target].dataset.index), true);
  all[target].focus();
}

function vertical(all, at, key) {
  if ((key !== 'ArrowUp' && key !== 'ArrowDown') || at < 0) return undefined;
  const from = all[at].getBoundingClientRect();
  const below = key === 'ArrowDown';
  const others = all.map((cell, i) => [cell.getBoundingClientRect(), i])
                     .filter(([box]) => (below ? box.top > from.top + 5 : box.top < from.top - 5));
  const distance = ([box]) => 1000 * Math.abs(box.top - from.top) + Math.abs(box.left - from.left);
  return others.length ? others.reduce((a, b) => (distance(b) < distance(a) ? b : a))[1] : -1;
}

function choose(index, remember) {
  for (const cell of cells()) {
    const chosen = Number(cell.dataset.index) === index;
    cell.setAttribute('aria-pressed', chosen);
    cell.tabIndex = chosen ? 0 : -1;
  }
  for (const row of document.querySelectorAll('#tensors tbody tr'))
    row.classList.toggle('chosen', Number(row.dataset.index) === index);
  byId('detail').replaceChildren(...detail(tensors[index]));
  byId('detail').scrollTop = 0;
  if (!remember) return;
  byId('detail').classList.add('opened');
  history.replaceState(null, '', '#' + encodeURIComponent(tensors[index].name));
}

const entry = (name, value) => el('div', {}, el('dt', {}, name), el('dd', {}, value));
const part = (title, ...body) => [el('h3', {}, title), ...body];

function detail(t) {
  const head = [
    el('h2', {class: 'mono'}, t.name),
    el('div', {class: 'head'}, el('span', {class: `pill ${t.status}`}, `${STATUS[t.status][0]} ${t.status}`),
       el('span', {class: 'muted'},
          `${t.op}, ${t.bits} bits, ${t.shape.join(' × ')}, scale ${digits(t.scale, 8)}, zero point ${t.zero_point}`)),
  ];
  if (t.tolerance.lsb > 0)
    head.push(...part('Tolerance', el('p', {}, `${t.tolerance.lsb} LSB: ${t.tolerance.reason}`)));
  if (t.by_hash)
    return [
      ...head,
      el('p', {},
         t.mismatches === 0 ?
             'Hash only: the hashes of both sides are equal.' :
             'Hash only: the hashes differ. Store the tensor in full on both sides to count its mismatches.')
    ];
  return [...head, numbers(t), ...judgement(t), ...distribution(t), ...firstMismatch(t), ...causesOf(t), ...ruleOf(t)];
}

function numbers(t) {
  return el(
      'dl', {}, entry('mismatches', count(t.mismatches)), entry('of codes', count(t.count)),
      entry('ppm', digits(t.ppm, 4)), entry('max |LSB|', count(t.max_lsb)), entry('mean LSB', digits(t.mean_lsb, 3)),
      entry('mean |LSB|', digits(t.mean_abs_lsb, 3)), entry('SQNR, dB', decibel(t)),
      entry('cosine', digits(t.cosine, 9)));
}

function judgement(t) {
  if (t.mismatches === 0 && t.mean_bound_lsb === null) return [];
  const kinds = ['explained', 'inherited', 'unexplained'].filter((kind) => t[kind] > 0);
  const bar = el('div', {class: 'bar', 'aria-hidden': 'true'}, kinds.map((kind) => {
    const share = el('i', {class: kind});
    share.style.flexGrow = t[kind];
    return share;
  }));
  const key = el('div', {class: 'key'}, [
    'explained', 'inherited', 'unexplained'
  ].map((kind) => el('span', {}, el('i', {class: kind}), `${kind} ${count(t[kind])}`)));
  const bound = t.mean_bound_lsb === null ?
      null :
      el('p', {class: 'note muted'}, `mean float error bound ${digits(t.mean_bound_lsb, 3)} LSB`);
  return part(
             'Explained / unexplained', t.mismatches ? bar : null, t.mismatches ? key : null,
             t.explanation ? el('p', {class: 'note'}, t.explanation) : null, bound)
      .filter((node) => node !== null);
}

function distribution(t) {
  const rows = [];
  if (t.mismatches !== 0) rows.push(...part('Actual − golden, LSB (log scale)', histogram(t)));
  const channel = t.worst_channel === null ? '–' : `${t.worst_channel} (${count(t.worst_channel_mismatches)})`;
  rows.push(...part(
      'Saturation and channels',
      el('dl', {}, entry('saturated, golden', count(t.golden_saturated)),
         entry('saturated, actual', count(t.actual_saturated)), entry('worst channel', channel))));
  return rows;
}

function histogram(t) {
  const reach = report.histogram_reach, step = 22, height = 92, width = (2 * reach + 1) * step;
  const largest = Math.max(...t.histogram.filter((_, i) => i !== reach));
  const words = [], chart = el('svg', {viewBox: `0 -14 ${width} ${height + 32}`, role: 'img'});
  t.histogram.forEach((n, i) => {
    const lsb = i - reach, x = i * step;
    const label = Math.abs(lsb) === reach ? (lsb < 0 ? '≤−' : '≥') + reach :
        lsb === 0                         ? '0' :
                                            String(lsb).replace('-', '−');
    chart.append(el('text', {x: x + step / 2, y: height + 13}, label));
    if (lsb === 0 || n === 0) return;
    const tall = Math.max(3, (height * Math.log(1 + n)) / Math.log(1 + largest));
    chart.append(
        el('rect', {class: 'column', x: x + 2, y: height - tall, width: step - 4, height: tall, rx: 2},
           el('title', {}, `${label}: ${count(n)}`)));
    chart.append(el('text', {x: x + step / 2, y: height - tall - 3}, shortCount(n)));
    words.push(`${label}: ${count(n)}`);
  });
  chart.append(el('line', {class: 'axis', x1: 0, x2: width, y1: height, y2: height}));
  chart.setAttribute('aria-label', `Histogram of differences. ${words.join(', ')}`);
  return chart;
}

function firstMismatch(t) {
  if (!t.first) return [];
  const [channel, row, column] = t.first.index;
  return part(
      'First mismatch',
      el('div', {class: `first-box ${t.status}`},
         el('p', {}, `channel ${channel}, row ${row}, column ${column}: `,
            el('b', {}, `golden ${t.first.golden}, actual ${t.first.actual}`)),
         t.first.detail ? el('p', {class: 'muted'}, t.first.detail) : null));
}

function shareTable(shares) {
  return el(
      'table', {},
      el('thead', {},
         el('tr', {}, el('th', {class: 'text'}, 'cause'), el('th', {}, 'mismatches'), el('th', {}, 'LSB'))),
      el('tbody', {},
         shares.map(
             (s) =>
                 el('tr', {}, el('td', {class: 'text'}, s.name), el('td', {}, count(s.mismatches)),
                    el('td', {}, signed(s.lsb))))));
}

function causesOf(t) {
  return t.causes.length ? part('Causes', shareTable(t.causes)) : [];
}

function ruleWords(rule) {
  if (!rule.rules.length)
    return `no known rule; nearest ${rule.best} with ${many(rule.fewest_mismatches, 'mismatch', 'es')}`;
  return rule.rules.join(' = ') + (rule.profiles.length ? ` (${rule.profiles.join(', ')})` : '');
}

function ruleOf(t) {
  if (!t.rule) return [];
  return part(
      'Which rule', el('p', {}, ruleWords(t.rule)), ...t.rule.separators.map((s) => el('p', {class: 'muted'}, s)));
}
