/**
 * A small chart: bars, stacked bars or lines, drawn as SVG in the colours of the admin.
 *
 *   <sidecar-chart type="bars" title="Orders by month" data='{
 *     "labels": ["01/26", "02/26"],          along the axis
 *     "axis": "Month",                       what the labels are; heads the table
 *     "series": [{"name": "Orders", "values": [3, null], "texts": ["3", "–"]}]
 *   }'></sidecar-chart>
 *
 * `type` is `bars`, `stacked` (values of 0 and above) or `line`. A value may be null (nothing is
 * drawn) or below zero. `texts` are how values are read; without them the numbers are. Several
 * series have a legend; lines differ by more than colour. Who cannot see it reads a table of the
 * same, which the attribute `tabled` shows to everybody.
 */

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 160;
const TOP = 8;
const BOTTOM = 22;
const RIGHT = 8;

/** About how wide a character of the axes is, in pixels. */
const CHARACTER = 6.5;

/** Bootstrap's colours; of a series beyond them the first again. */
const COLOURS = ['primary', 'success', 'warning', 'info', 'danger', 'secondary'];

/** How lines are broken, for who cannot tell the colours; of a series beyond them the first again. */
const DASHES = ['', '6 3', '2 3', '8 3 2 3', '12 4'];

/** Points of a line closer together than this are drawn small. */
const CLOSE = 12;

/** Numbers for an axis that covers `least` to `most`: a few, a round step apart, 0 among them. */
export function ticks(least, most, finest = 0) {
  const low = Math.min(0, least);
  const high = Math.max(0, most);

  if (low === high) {
    return [0, 1];
  }

  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = (finest ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10]).map((each) => each * power);
  const step = Math.max(finest, steps.find((each) => each >= rough * 0.999));
  const found = [];

  for (let number = Math.floor(low / step); number <= Math.ceil(high / step); number++) {
    found.push(Number((number * step).toPrecision(12)));
  }

  return found;
}

function element(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);

  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }

  made.append(...children);

  return made;
}

function text(content, attributes) {
  return element('text', {'font-size': 11, fill: 'currentColor', ...attributes}, content);
}

function tag(name, content, attributes = {}) {
  const made = document.createElement(name);
  Object.assign(made, attributes);
  made.append(...[content].flat());

  return made;
}

function colour(number) {
  return `var(--bs-${COLOURS[number % COLOURS.length]}, #229ac8)`;
}

/** The path or sample of a line, as the series of this number has it. */
function stroke(name, number, attributes) {
  return element(name, {fill: 'none', stroke: colour(number), 'stroke-width': 2, 'stroke-dasharray': DASHES[number % DASHES.length], ...attributes});
}

/** The data of the attribute, or null where it is none. */
function read(given) {
  try {
    const data = JSON.parse(given);

    return Array.isArray(data?.labels) && Array.isArray(data?.series) ? data : null;
  } catch {
    return null;
  }
}

export class SidecarChart extends HTMLElement {
  static observedAttributes = ['data', 'type', 'title', 'tabled'];

  connectedCallback() {
    this.style.display = 'block';
    this.watching = new ResizeObserver(() => this.draw());
    this.watching.observe(this);
    this.draw();
  }

  disconnectedCallback() {
    this.watching.disconnect();
    this.watching = null;
  }

  attributeChangedCallback() {
    this.width = 0;
    this.draw();

    if (this.watching && this.width === 0) {
      // Hidden: told anew, as one that is shown in the same moment has not changed its size.
      this.watching.unobserve(this);
      this.watching.observe(this);
    }
  }

  draw() {
    const width = Math.floor(this.clientWidth);

    if (!this.isConnected || width === 0 || width === this.width) {
      return;
    }

    this.width = width;
    const data = read(this.getAttribute('data'));

    if (!data || data.labels.length === 0) {
      this.replaceChildren();

      return;
    }

    this.replaceChildren(...[this.picture(data, width), data.series.length > 1 && this.legend(data), this.table(data)].filter(Boolean));
  }

  /** What a value is read as. */
  read(series, place) {
    return series.texts?.[place] ?? (series.values[place] === null ? '' : series.values[place].toLocaleString(document.documentElement.lang || undefined));
  }

  picture(data, width) {
    const type = this.getAttribute('type');
    const heights = type === 'stacked' ? [data.labels.map((_, place) => data.series.reduce((sum, series) => sum + (series.values[place] || 0), 0))] : data.series.map((series) => series.values);
    const values = heights.flat().filter((value) => Number.isFinite(value));
    // Between whole numbers of something there is nothing to mark.
    const finest = values.every((value) => Number.isInteger(value)) ? 1 : 0;
    const marks = ticks(Math.min(0, ...values), Math.max(0, ...values), finest);
    const written = marks.map((mark) => mark.toLocaleString(document.documentElement.lang || undefined, {notation: Math.abs(mark) >= 10000 ? 'compact' : 'standard'}));
    const left = Math.ceil(Math.max(...written.map((each) => each.length)) * CHARACTER) + 8;
    const across = (width - left - RIGHT) / data.labels.length;
    const middle = (place) => left + across * (place + 0.5);
    const [low, high] = [marks[0], marks[marks.length - 1]];
    const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low);
    const svg = element('svg', {width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': this.getAttribute('title') || '', class: 'text-muted'});

    marks.forEach((mark, place) => {
      svg.append(
        element('line', {x1: left, x2: width - RIGHT, y1: y(mark), y2: y(mark), stroke: 'currentColor', 'stroke-opacity': mark === 0 ? 0.6 : 0.15}),
        text(written[place], {x: left - 4, y: y(mark) + 4, 'text-anchor': 'end'}),
      );
    });

    // As many labels as there is room for; the last one always.
    const longest = Math.max(...data.labels.map((label) => String(label).length)) * CHARACTER + 8;
    const moved = Math.max(0, (longest - 8) / 2 - across / 2 - RIGHT);
    const every = Math.max(1, Math.ceil((longest + moved) / across));
    data.labels.forEach((label, place) => {
      if ((data.labels.length - 1 - place) % every === 0) {
        const half = String(label).length * CHARACTER / 2;
        svg.append(text(label, {x: Math.min(middle(place), width - half), y: HEIGHT - 6, 'text-anchor': 'middle'}));
      }
    });

    const below = data.labels.map(() => 0);
    data.series.forEach((series, number) => {
      let drawn;

      if (type === 'line') {
        drawn = this.line(series, number, across, middle, y);
      } else if (type === 'stacked') {
        drawn = this.bars(series, 0, 1, across, middle, y, colour(number), below);
      } else {
        drawn = this.bars(series, number, data.series.length, across, middle, y, colour(number));
      }

      drawn.forEach(([place, each]) => {
        each.append(element('title', {}, `${data.labels[place]} · ${series.name}: ${this.read(series, place)}`));
        svg.append(each);
      });
    });

    return svg;
  }

  /** `below`: where each bar begins, if not at 0; it is raised by what is drawn. */
  bars(series, number, count, across, middle, y, fill, below = null) {
    // Many stacks side by side are an area; gaps would only make it pale.
    const isArea = below && across < CLOSE;
    const wide = isArea ? across : Math.max(1, Math.min(40, across * 0.75 / count));
    const drawn = isArea ? wide + 0.5 : Math.max(1, wide - 1);

    return series.values.flatMap((value, place) => {
      if (!Number.isFinite(value)) {
        return [];
      }

      const x = middle(place) + (number - count / 2) * wide;

      const from = below ? below[place] : 0;
      const [one, other] = [y(from), y(from + value)];

      if (below) {
        below[place] += value;
      }

      return [[place, element('rect', {x, width: drawn, y: Math.min(one, other), height: Math.abs(one - other), fill})]];
    });
  }

  line(series, number, across, middle, y) {
    const parts = [];
    let path = '';

    series.values.forEach((value, place) => {
      if (Number.isFinite(value)) {
        path += `${path === '' || !Number.isFinite(series.values[place - 1]) ? 'M' : 'L'}${middle(place)} ${y(value)}`;
        parts.push([place, element('circle', {cx: middle(place), cy: y(value), r: across < CLOSE ? 1.5 : 3, fill: colour(number)})]);
      }
    });

    return path === '' ? [] : [[0, element('g', {}, stroke('path', number, {d: path}))], ...parts];
  }

  /** Which series is which, for who sees; the table says it too. */
  legend(data) {
    const isLine = this.getAttribute('type') === 'line';
    const items = data.series.map((series, number) => {
      const sample = element('svg', {width: 24, height: 10, class: 'me-1'}, isLine ? stroke('line', number, {x1: 0, x2: 24, y1: 5, y2: 5}) : element('rect', {x: 7, width: 10, height: 10, fill: colour(number)}));

      return tag('li', [sample, series.name], {className: 'list-inline-item me-3'});
    });

    const list = tag('ul', items, {className: 'list-inline small mb-0'});
    list.setAttribute('aria-hidden', 'true');

    return list;
  }

  /** The same for who cannot see it. */
  table(data) {
    const head = tag('tr', [tag('th', data.axis || '', {scope: 'col'}), ...data.series.map((series) => tag('th', series.name, {scope: 'col'}))]);
    const rows = data.labels.map((label, place) => tag('tr', [tag('th', String(label), {scope: 'row'}), ...data.series.map((series) => tag('td', this.read(series, place)))]));
    const caption = tag('caption', this.getAttribute('title') || '');

    return tag('table', [caption, tag('thead', head), tag('tbody', rows)], {className: this.hasAttribute('tabled') ? 'table table-sm caption-top mt-2' : 'visually-hidden'});
  }
}

if (!customElements.get('sidecar-chart')) {
  customElements.define('sidecar-chart', SidecarChart);
}
