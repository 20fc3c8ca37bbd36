/**
 * A custom element that draws its value as SVG: black on white, whatever the page's colours.
 *
 *   class Bars extends CodeElement { static code(value) { return {path, across, down, shown}; } }
 *
 * The path lies in a ground of so many units across and down; shown are further attributes of the
 * picture, such as its size. A value that the code cannot hold throws, and nothing is drawn.
 */

const SVG = 'http://www.w3.org/2000/svg';

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([attribute, value]) => made.setAttribute(attribute, value));

  return made;
}

export class CodeElement extends HTMLElement {
  static observedAttributes = ['value', 'title'];

  connectedCallback() {
    this.style.display = 'inline-block';
    this.draw();
  }

  attributeChangedCallback() {
    this.draw();
  }

  draw() {
    let code;

    try {
      code = this.constructor.code(this.getAttribute('value') || '');
    } catch {
      this.replaceChildren();

      return;
    }

    const svg = shape('svg', {viewBox: `0 0 ${code.across} ${code.down}`, ...code.shown, 'shape-rendering': 'crispEdges', role: 'img', 'aria-label': this.getAttribute('title') || ''});
    svg.append(shape('rect', {width: code.across, height: code.down, fill: '#fff'}), shape('path', {d: code.path}));
    this.replaceChildren(svg);
  }
}
