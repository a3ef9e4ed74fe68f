// The parts below the network: pictures, totals, the table of all tensors, both sides.

function drawPictures() {
  const images = [...document.querySelectorAll('#figures img')];
  if (images.length === 0) return;
  byId('pictures').hidden = false;
  let large = false;
  const size = () => {
    byId('figures').classList.toggle('large', large);
    for (const image of images) {
      const rows = Math.min(1024, scan.height * (large ? 6 : 2));
      image.style.height = `${Math.max(rows, 64)}px`;
      image.style.width = large ? `${scan.width * 3}px` : `min(100%, ${scan.width * 8}px)`;
    }
    markFlips();
  };
  const button =
      el('button', {
        type: 'button',
        class: 'plain',
        'aria-pressed': 'false',
        on: {
          click: () => {
            large = !large;
            button.setAttribute('aria-pressed', large);
            size();
          }
        }
      },
         'Enlarge');
  const frames = images.map((image) => image.parentElement);
  for (const frame of frames)
    frame.addEventListener('scroll', () => frames.forEach((other) => {
      other.scrollLeft = frame.scrollLeft;
    }));
  byId('picture-tools')
      .append(
          el('div', {class: 'tools'}, button,
             el('span', {class: 'muted'},
                `${scan.height} × ${scan.width} pixels` +
                    (document.getElementById('picture-range') ?
                         '' :
                         '; points and empty pixels are not told apart, as the range is not known'))));
  size();
  window.addEventListener('resize', markFlips);
  if (byId('picture-range')) byId('picture-range').append(rangeLegend());
  if (scan.labels) byId('labels').append(labelTables(scan.labels));
}

/// Pixels of an image, four bytes each.
function pixelsOf(image) {
  const canvas = el('canvas', {width: image.naturalWidth, height: image.naturalHeight});
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
}

/// A mark on each point whose class changes; alone, single pixels vanish where the picture is shrunk.
async function markFlips() {
  const [golden, actual, flips] =
      ['golden', 'actual', 'flips'].map((id) => document.querySelector(`#picture-${id} img`));
  if (!flips) return;
  await Promise.all([golden, actual, flips].map((image) => image.decode()));
  const before = pixelsOf(golden), after = pixelsOf(actual);
  const canvas = document.querySelector('#picture-flips canvas') ?? el('canvas', {'aria-hidden': 'true'});
  flips.after(canvas);
  canvas.width = flips.clientWidth;
  canvas.height = flips.clientHeight;
  const context = canvas.getContext('2d');
  const across = canvas.width / scan.width, down = canvas.height / scan.height;
  const changed = [];
  for (let i = 0; i < scan.width * scan.height; ++i)
    if ([0, 1, 2].some((k) => before[4 * i + k] !== after[4 * i + k])) changed.push(i);
  const draw = (i, edge) => {
    const width = Math.max(across, 4) + edge, height = Math.max(down, 4) + edge;
    context.fillRect(
        (i % scan.width + 0.5) * across - width / 2, (Math.floor(i / scan.width) + 0.5) * down - height / 2, width,
        height);
  };
  context.fillStyle = '#fff';
  if (changed.length < 5000) changed.forEach((i) => draw(i, 2));  // more would be white alone
  for (const i of changed) {
    context.fillStyle = `rgb(${after.slice(4 * i, 4 * i + 3).join(' ')})`;
    draw(i, 0);
  }
}

function rangeLegend() {
  const bar = el('div', {class: 'gradient'});
  bar.style.background = `linear-gradient(90deg, ${scan.range_colours.join(', ')})`;
  return el('div', {class: 'classes'}, el('span', {}, '2 m ', bar, ' 128 m, logarithmic'));
}

function swatch(colour) {
  const node = el('i', {class: 'swatch'});
  node.style.background = colour;
  return node;
}

function labelTables(labels) {
  const name = (index) => [swatch(labels.classes[index].colour), labels.classes[index].name];
  const present = labels.classes.map((c, i) => [c, i]).filter(([c]) => c.golden > 0 || c.actual > 0);
  const classes =
      el('table', {},
         el('thead', {},
            el('tr', {}, el('th', {class: 'text'}, 'class'), el('th', {}, 'golden'), el('th', {}, 'actual'),
               el('th', {}, 'change'))),
         el('tbody', {},
            present.map(
                ([c, i]) =>
                    el('tr', {},
                       el('td', {class: 'text classes-cell'}, el('span', {class: 'classes'}, el('span', {}, name(i)))),
                       el('td', {}, count(c.golden)), el('td', {}, count(c.actual)),
                       el('td', {}, signed(c.actual - c.golden))))));
  const flips =
      el('table', {},
         el('thead', {},
            el('tr', {}, el('th', {class: 'text'}, 'golden'), el('th', {class: 'text'}, 'actual'),
               el('th', {}, 'points'))),
         el('tbody', {},
            labels.flips.slice(0, 20).map(
                (f) =>
                    el('tr', {},
                       ...[f.from, f.to].map(
                           (i) => el('td', {class: 'text'}, el('span', {class: 'classes'}, el('span', {}, name(i))))),
                       el('td', {}, count(f.points))))));
  const more = labels.flips.length > 20 ?
      el('p', {class: 'muted'}, `${labels.flips.length - 20} rarer changes are not listed`) :
      null;
  const empty = labels.flipped_empty ?
      el('p', {class: 'muted'}, `${many(labels.flipped_empty, 'empty pixel')} change as well; no score counts them`) :
      null;
  return el(
      'div', {class: 'columns'}, el('div', {class: 'card'}, el('h3', {}, 'Classes, points'), classes),
      el('div', {class: 'card'}, el('h3', {}, 'Changed labels'),
         labels.flips.length ? flips : el('p', {}, 'No label of a point changes.'), more, empty));
}

function drawTotals() {
  const causes = new Map(), rules = new Map();
  for (const t of tensors) {
    for (const share of t.causes) {
      const sum = causes.get(share.name) ?? {name: share.name, mismatches: 0, lsb: 0};
      causes.set(
          share.name, {name: share.name, mismatches: sum.mismatches + share.mismatches, lsb: sum.lsb + share.lsb});
    }
    if (t.rule) rules.set(ruleWords(t.rule), (rules.get(ruleWords(t.rule)) ?? 0) + 1);
  }
  if (causes.size + rules.size === 0) return;
  byId('totals').hidden = false;
  const cards = el('div', {class: 'columns'});
  if (causes.size) cards.append(el('div', {class: 'card'}, el('h3', {}, 'Causes'), shareTable([...causes.values()])));
  if (rules.size)
    cards.append(
        el('div', {class: 'card'}, el('h3', {}, 'Rules'),
           el('table', {}, el('tbody', {}, [
                ...rules
              ].map(([words, n]) => el('tr', {}, el('td', {class: 'long'}, words), el('td', {}, many(n, 'layer'))))))));
  byId('totals-body').append(cards);
}

const COLUMNS = [
  [
    'layer', 'text',
    (t, i) => el('button', {type: 'button', class: 'link mono', on: {click: () => choose(i, true)}}, t.name)
  ],
  ['op', 'text', (t) => t.op],
  ['bits', '', (t) => String(t.bits)],
  ['verdict', 'text', (t) => `${STATUS[t.status][0]} ${t.status}`],
  ['mismatches', '', (t) => (t.mismatches === null ? 'hash only' : count(t.mismatches) + (t.by_hash ? ' (hash)' : ''))],
  ['ppm', '', (t) => digits(t.ppm, 4)],
  ['max |LSB|', '', (t) => count(t.max_lsb)],
  ['mean LSB', '', (t) => digits(t.mean_lsb, 3)],
  ['inherited', '', (t) => count(t.inherited)],
  ['explained', '', (t) => count(t.explained)],
  ['unexplained', '', (t) => count(t.unexplained)],
  ['bound LSB', '', (t) => digits(t.mean_bound_lsb, 3)],
  ['SQNR, dB', '', (t) => (t.by_hash ? '–' : decibel(t))],
  ['cosine', '', (t) => digits(t.cosine, 9)],
  [
    'remarks', 'long',
    (t) => [t.tolerance.lsb > 0 ? `accepted to ${t.tolerance.lsb} LSB: ${t.tolerance.reason}` : '', t.explanation ?? '',
            t.rule ? ruleWords(t.rule) : '']
               .filter((text) => text)
               .join('; ')
  ],
];

function drawTable() {
  const rows = tensors.map(
      (t, index) =>
          el('tr', {'data-index': index, class: t.status, on: {click: () => choose(index, true)}},
             COLUMNS.map(([, kind, value]) => el('td', {class: kind}, value(t, index)))));
  byId('tensors').append(
      el('thead', {},
         el('tr', {}, COLUMNS.map(([name, kind]) => el('th', {scope: 'col', class: kind ? 'text' : ''}, name)))),
      el('tbody', {}, rows));
  const differing = el('input', {type: 'checkbox', id: 'only-differing'});
  const search =
      el('input', {type: 'search', placeholder: 'layer or operation', 'aria-label': 'Filter by layer or operation'});
  const shown = el('span', {class: 'muted'});
  const filter = () => {
    const words = search.value.toLowerCase();
    tensors.forEach((t, i) => {
      rows[i].hidden =
          (differing.checked && t.mismatches === 0) || !(t.name + ' ' + t.op).toLowerCase().includes(words);
    });
    shown.textContent = `${many(rows.filter((row) => !row.hidden).length, 'row')} of ${rows.length}`;
  };
  differing.checked = tensors.some((t) => t.mismatches !== 0);
  differing.addEventListener('change', filter);
  search.addEventListener('input', filter);
  byId('table-tools')
      .append(el('div', {class: 'tools'}, search, el('label', {}, differing, ' only those that differ'), shown));
  filter();
}

function drawSources() {
  const mode = report.mode === 'isolated' ?
      'isolated: each layer is fed the golden\'s operands, so a mismatch is that layer\'s own' :
      'cumulative: both sides ran from the input on, so mismatches travel from layer to layer';
  const fields = ['name', 'arithmetic', 'target', 'config', 'producer'];
  const body = fields.map(
      (f) =>
          el('tr', {}, el('th', {scope: 'row', class: 'text'}, f), el('td', {}, report.golden[f] || '–'),
             el('td', {}, report.actual[f] || '–')));
  byId('sources-body')
      .append(el(
          'div', {class: 'card'},
          el('table', {class: 'sources'},
             el('thead', {},
                el('tr', {}, el('th', {}), el('th', {class: 'text'}, 'golden'), el('th', {class: 'text'}, 'actual'))),
             el('tbody', {}, body)),
          el('p', {}, mode), el('p', {class: 'muted'}, `numerics revision ${report.numerics_revision}`),
          report.skipped.length ?
              el('details', {}, el('summary', {}, `${many(report.skipped.length, 'tensor')} left out`),
                 el('ul', {},
                    report.skipped.map((s) => el('li', {}, el('span', {class: 'mono'}, s.name), `: ${s.reason}`)))) :
              null));
}

function start() {
  drawSummary();
  drawLegend();
  drawNetwork();
  drawPictures();
  drawTotals();
  drawTable();
  drawSources();
  if (tensors.length === 0) return;
  const named = (name) => tensors.findIndex((t) => t.name === name);
  let wanted = '';
  try {
    wanted = decodeURIComponent(location.hash.slice(1));
  } catch { /* no name of a layer */
  }
  const candidates = [named(wanted), named(report.first_failing), named(report.first_divergent), 0];
  choose(candidates.find((index) => index >= 0), false);
}

start();
