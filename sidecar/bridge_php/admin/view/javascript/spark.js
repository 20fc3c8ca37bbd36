/**
 * How a number went, in the room of a word: a line without axes.
 *
 *   <sidecar-spark values="[3, 5, 4]" label="Customers in vip over the last 30 days"></sidecar-spark>
 *
 * Who cannot see it hears the label, the first number and the last.
 */

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 100;
const HEIGHT = 24;
const EDGE = 2;

/** The points of `values` in the picture, the least at the bottom; what does not change lies in the middle. */
export function points(values) {
  const low = Math.min(...values);
  const range = Math.max(...values) - low;
  const step = (WIDTH - 2 * EDGE) / (values.length - 1);

  return values.map((value, place) => [
    EDGE + place * step,
    range === 0 ? HEIGHT / 2 : HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (value - low) / range,
  ]);
}

function read(given) {
  try {
    const values = JSON.parse(given);

    return Array.isArray(values) && values.every(Number.isFinite) ? values : [];
  } catch {
    return [];
  }
}

export class SidecarSpark extends HTMLElement {
  static observedAttributes = ['values', 'label'];

  connectedCallback() {
    this.draw();
  }

  attributeChangedCallback() {
    this.draw();
  }

  draw() {
    const values = read(this.getAttribute('values'));

    if (!this.isConnected || values.length < 2) {
      this.replaceChildren();

      return;
    }

    const number = (value) => value.toLocaleString(document.documentElement.lang || undefined);
    const svg = document.createElementNS(SVG, 'svg');
    const line = document.createElementNS(SVG, 'polyline');
    const title = document.createElementNS(SVG, 'title');
    title.textContent = `${this.getAttribute('label') ?? ''}: ${number(values[0])} – ${number(values[values.length - 1])}`;
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', title.textContent);
    svg.setAttribute('width', WIDTH);
    svg.setAttribute('height', HEIGHT);
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    line.setAttribute('points', points(values).map((point) => point.map((each) => each.toFixed(1)).join(',')).join(' '));
    line.setAttribute('fill', 'none');
    line.setAttribute('stroke', 'var(--bs-primary, #229ac8)');
    line.setAttribute('stroke-width', '1.5');
    svg.append(title, line);
    this.replaceChildren(svg);
  }
}

if (!customElements.get('sidecar-spark')) {
  customElements.define('sidecar-spark', SidecarSpark);
}
