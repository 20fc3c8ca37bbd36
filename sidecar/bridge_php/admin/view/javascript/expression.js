/**
 * A condition as text: what is wrong is underlined at its place, and what can stand at the cursor is
 * offered.
 *
 *   <sidecar-expression label="When" value="orders >= 3" rows="3"></sidecar-expression>
 *
 * Properties:
 *   value      the text
 *   catalogue  the answer of the command `rule.facts`; without it nothing is offered
 *   words      texts by name, besides those of the page (`[data-words]`); also an attribute, as JSON
 *   problems   [{message, hint, severity, from, to, line, column}]; `from` and `to` are offsets in
 *              `value` in units of UTF-16; those without them are not shown here
 *   disabled   whether it can only be read; also an attribute
 *
 * Event `change`: the text became another; told 300 ms after the last key, and when the focus leaves.
 * Keys: Control and space offer; down, up, Enter and Escape as in any list.
 */

const version = new URL(import.meta.url).search;
const {Catalogue} = await import(`./catalogue.js${version}`);
const {suggest} = await import(`./suggestions.js${version}`);
const {button, element, icon, newId, speaker} = await import(`./elements.js${version}`);

const TYPING_MS = 300;
const MOST = 200;
const PROPERTIES = ['words', 'catalogue', 'disabled', 'value', 'problems'];

export class SidecarExpression extends HTMLElement {
  #words = {};
  #given = null;
  #problems = [];
  #typing = 0;
  #told = '';
  #active = -1;
  #found = {options: []};
  #marks = element('div', {className: 'form-control sidecar-marks', 'aria-hidden': 'true'});
  #text = element('textarea', {className: 'form-control', spellcheck: false, autocapitalize: 'off', autocomplete: 'off', id: newId(), 'aria-autocomplete': 'list', 'aria-haspopup': 'listbox'});
  #list = element('div', {className: 'dropdown-menu sidecar-options', role: 'listbox', id: newId()});
  #faults = element('div', {id: newId(), role: 'status'});

  constructor() {
    super();
    // That of the text area is told when the focus leaves it only.
    this.addEventListener('change', (event) => {
      if (event.target !== this) {
        event.stopImmediatePropagation();
        this.#tell();
      }
    });
    this.#text.addEventListener('input', () => this.#typed());
    this.#text.addEventListener('scroll', () => this.#follow());
    this.#text.addEventListener('keydown', (event) => this.#key(event));
    this.#text.addEventListener('blur', () => this.#close());
    this.#text.addEventListener('click', () => this.#close());
    this.#text.addEventListener('mousemove', (event) => { this.#text.title = this.#faultAt(event.clientX, event.clientY); });
    // Before the text loses the focus.
    this.#list.addEventListener('mousedown', (event) => {
      event.preventDefault();
      const option = event.target.closest('[role="option"]');

      if (option) {
        this.#take(Number(option.dataset.place));
      }
    });
  }

  connectedCallback() {
    if (this.hasAttribute('words')) {
      this.#words = JSON.parse(this.getAttribute('words'));
    }

    if (!this.#text.isConnected) {
      this.#draw();
    }

    // What was set before this module was there.
    for (const name of PROPERTIES.filter((each) => Object.hasOwn(this, each))) {
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
  }

  disconnectedCallback() {
    clearTimeout(this.#typing);
  }

  get value() {
    return this.#text.value;
  }

  set value(text) {
    if (text !== this.#text.value) {
      clearTimeout(this.#typing);
      this.#text.value = text;
      this.#told = text;
      this.problems = [];
      this.#close();
    }
  }

  get catalogue() {
    return this.#given;
  }

  set catalogue(given) {
    this.#given = given;
  }

  get words() {
    return this.#words;
  }

  set words(words) {
    this.#words = words;
  }

  get problems() {
    return this.#problems;
  }

  set problems(problems) {
    this.#problems = (problems ?? []).filter((problem) => Number.isInteger(problem.from));
    this.#mark(this.#problems);
    this.#faults.replaceChildren(...this.#problems.map((problem) => this.#fault(problem)));
    this.#text.setAttribute('aria-invalid', String(this.#problems.some((problem) => problem.severity !== 'warning')));
  }

  get disabled() {
    return this.#text.disabled;
  }

  set disabled(isDisabled) {
    this.#text.disabled = isDisabled;
  }

  get #say() {
    return speaker(this, this.#words);
  }

  // -- drawing -------------------------------------------------------------------------------

  #draw() {
    const say = this.#say;
    this.#text.value = this.getAttribute('value') ?? '';
    this.#told = this.#text.value;
    this.#text.rows = Number(this.getAttribute('rows') ?? 3);
    this.#text.disabled = this.hasAttribute('disabled');
    this.#text.setAttribute('aria-describedby', this.#faults.id);
    this.#text.setAttribute('aria-controls', this.#list.id);
    this.#list.setAttribute('aria-label', say('builder_suggestions'));
    const offer = button('btn-sm btn-light', say('builder_offer'), () => {
      this.#text.focus();
      this.#offer();
    }, icon('lightbulb'));
    // Or the text loses its place.
    offer.addEventListener('mousedown', (event) => event.preventDefault());
    this.append(
      element('div', {className: 'd-flex justify-content-between align-items-end mb-1'}, element('label', {className: 'form-label mb-0', htmlFor: this.#text.id}, this.getAttribute('label') ?? ''), offer),
      element('div', {className: 'sidecar-written'}, this.#marks, this.#text, this.#list),
      this.#faults,
    );
    this.#mark([]);
  }

  /** Underline what problems are about, beneath the text, in the same place and letters. */
  #mark(problems) {
    const text = this.#text.value;
    const parts = [];
    let end = 0;

    for (const problem of [...problems].sort((one, other) => one.from - other.from)) {
      const from = Math.max(end, Math.min(problem.from, text.length));
      const to = Math.max(problem.to ?? 0, problem.from + 1);
      parts.push(text.slice(end, from), element('span', {className: problem.severity === 'warning' ? 'sidecar-doubt' : 'sidecar-fault'}, text.slice(from, to) || '\u00a0'));
      end = Math.max(from, Math.min(to, text.length));
    }

    // The last line counts where it is empty too.
    this.#marks.replaceChildren(...parts, text.slice(end), '\u200b');
    this.#follow();
  }

  #follow() {
    this.#marks.scrollTop = this.#text.scrollTop;
    this.#marks.scrollLeft = this.#text.scrollLeft;
  }

  #fault(problem) {
    const place = button('btn-link btn-sm p-0 align-baseline', '', () => {
      this.#text.focus();
      this.#text.setSelectionRange(problem.from, Math.max(problem.to ?? 0, problem.from));
    }, this.#say('builder_place', String(problem.line ?? 1), String(problem.column ?? problem.from + 1)));

    return element('div', {className: `small ${problem.severity === 'warning' ? 'sidecar-warns' : 'text-danger'}`}, place, ' ', said(problem));
  }

  /** What is wrong where the mouse is, or ''. */
  #faultAt(x, y) {
    const sorted = [...this.#problems].sort((one, other) => one.from - other.from);
    const place = [...this.#marks.querySelectorAll('span')].findIndex((mark) => [...mark.getClientRects()].some((box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom));

    return place < 0 ? '' : said(sorted[place]);
  }

  // -- writing -------------------------------------------------------------------------------

  #typed() {
    // Where the faults are now nobody knows before they are looked for again.
    this.#mark([]);
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#tell(), TYPING_MS);

    if (this.#list.classList.contains('show')) {
      this.#offer();
    }
  }

  #tell() {
    clearTimeout(this.#typing);

    if (this.#text.value !== this.#told) {
      this.#told = this.#text.value;
      this.dispatchEvent(new CustomEvent('change', {bubbles: true}));
    }
  }

  #key(event) {
    const isOpen = this.#list.classList.contains('show');

    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      this.#offer();
    } else if (isOpen && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      const count = this.#list.querySelectorAll('[role="option"]').length;
      this.#activate((this.#active + (event.key === 'ArrowDown' ? 1 : -1) + count) % count);
    } else if (isOpen && event.key === 'Enter') {
      event.preventDefault();
      this.#take(this.#active);
    } else if (isOpen && event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    } else if (isOpen && ['ArrowLeft', 'ArrowRight', 'Home', 'End', 'Tab'].includes(event.key)) {
      this.#close();
    }
  }

  #offer() {
    this.#found = suggest(this.#text.value, this.#text.selectionStart, new Catalogue(this.#given, this.#say));
    const options = this.#found.options.slice(0, MOST);

    if (options.length === 0) {
      this.#close();

      return;
    }

    this.#list.replaceChildren(...options.map((option, place) => element('div', {className: 'dropdown-item', role: 'option', id: newId(), 'aria-selected': 'false', 'data-place': String(place)}, option.label, ' ', element('small', {className: 'sidecar-hint'}, option.hint))));
    this.#list.classList.add('show');
    this.#place();
    this.#activate(0);
  }

  /** Put the list below the cursor, as far to the right as there is room. */
  #place() {
    const text = this.#text.value;
    const here = element('span', {}, '\u200b');
    this.#marks.replaceChildren(text.slice(0, this.#found.from), here, text.slice(this.#found.from));
    this.#follow();
    const top = here.offsetTop + here.offsetHeight + 6 - this.#text.scrollTop;
    const left = Math.max(0, Math.min(here.offsetLeft, this.#text.clientWidth - this.#list.offsetWidth));
    this.#mark(this.#text.value === this.#told ? this.#problems : []);
    Object.assign(this.#list.style, {top: `${Math.min(top, this.#text.offsetHeight)}px`, left: `${left}px`});
  }

  #activate(place) {
    const options = [...this.#list.querySelectorAll('[role="option"]')];
    options.forEach((option, each) => {
      option.classList.toggle('active', each === place);
      option.setAttribute('aria-selected', String(each === place));
    });
    options[place].scrollIntoView({block: 'nearest'});
    this.#text.setAttribute('aria-activedescendant', options[place].id);
    this.#active = place;
  }

  #close() {
    this.#list.classList.remove('show');
    this.#list.replaceChildren();
    this.#text.removeAttribute('aria-activedescendant');
    this.#active = -1;
  }

  #take(place) {
    const {from, to, options} = this.#found;
    const isLast = this.#text.value.slice(to).trim() === '';
    this.#text.focus();
    this.#text.setSelectionRange(from, to);
    const insert = options[place].insert + (isLast ? ' ' : '');

    // As if it were typed, so that it can be undone; where that does not work, without.
    if (!document.execCommand('insertText', false, insert)) {
      this.#text.setRangeText(insert, from, to, 'end');
      this.#typed();
    }

    this.#close();
  }
}

function said(problem) {
  return [problem.message, problem.hint].filter(Boolean).join(' – ');
}

if (!customElements.get('sidecar-expression')) {
  customElements.define('sidecar-expression', SidecarExpression);
}
