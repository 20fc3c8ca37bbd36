/**
 * A condition, put together of rows and groups.
 *
 *   <sidecar-builder label="Condition"></sidecar-builder>
 *
 * Properties:
 *   value      the condition as the daemon's JSON form, `{version: 1, condition: {…}}`; null: none yet.
 *              What nobody touched comes out as it went in. Setting what it is already does nothing.
 *   isComplete whether every row has what the daemon needs to read it; false: `value` is no condition yet
 *   catalogue  the answer of the command `rule.facts`; rows can be looked at without it. A `currency`
 *              in it is shown beside amounts
 *   words      texts by name, besides those of the page (`[data-words]`): `fact_…`, `area_…`, `value_…`,
 *              `unit_…` of language/…/page/facts.php; also the attribute `words`, as JSON
 *   problems   [{path, message, hint, severity}], `path` in `value`, as `$.condition.items[0]`; those
 *              without a path are not shown here
 *   disabled   whether it can only be looked at; also an attribute
 *
 * Event `change`: a person changed `value`; typing is told 300 ms after the last key.
 */

const version = new URL(import.meta.url).search;
const conditions = await import(`./conditions.js${version}`);
const {Catalogue} = await import(`./catalogue.js${version}`);
const {rowParts} = await import(`./row.js${version}`);
const {carry} = await import(`./dragging.js${version}`);
const {button, element, icon, select, speaker} = await import(`./elements.js${version}`);

const TYPING_MS = 300;
const JOINS = {all: 'builder_all', any: 'builder_any', none: 'builder_none', 'not all': 'builder_not_all'};
const PROPERTIES = ['words', 'catalogue', 'disabled', 'value', 'problems'];

export class SidecarBuilder extends HTMLElement {
  #root = conditions.read(null);
  #given = null;
  #words = {};
  #problems = [];
  #typing = 0;
  #tree = element('fieldset', {});
  #outside = (event) => this.#closeMenus(event.target);
  #told = element('div', {className: 'visually-hidden', role: 'status'});

  constructor() {
    super();
    // Those of the inputs within are not of the condition as a whole.
    this.addEventListener('change', (event) => {
      if (event.target !== this) {
        event.stopImmediatePropagation();
      }
    });
    this.addEventListener('keydown', (event) => this.#key(event));
    this.addEventListener('focusout', (event) => {
      // Without one nobody moved on: the focus is not lost to a button in every browser.
      if (event.relatedTarget) {
        this.#closeMenus(event.relatedTarget);
      }
    });
    carry(this, (id, group, index) => this.#act(Number(id), 'handle', 'builder_moved', () => conditions.moveTo(this.#root, Number(id), Number(group), index)));
  }

  connectedCallback() {
    document.addEventListener('click', this.#outside);

    if (!this.#tree.isConnected) {
      this.append(this.#tree, this.#told);
    }

    this.setAttribute('role', 'group');
    this.setAttribute('aria-label', this.getAttribute('label') ?? '');

    if (this.hasAttribute('words')) {
      this.#words = JSON.parse(this.getAttribute('words'));
    }

    // What was set before this module was there.
    for (const name of PROPERTIES.filter((each) => Object.hasOwn(this, each))) {
      const value = this[name];
      delete this[name];
      this[name] = value;
    }

    this.#draw();
  }

  disconnectedCallback() {
    document.removeEventListener('click', this.#outside);
    clearTimeout(this.#typing);
  }

  get value() {
    return conditions.write(this.#root).document;
  }

  set value(document) {
    if (!conditions.isSame(document, this.value)) {
      clearTimeout(this.#typing);
      this.#root = conditions.read(document);
      this.#problems = [];
      this.#keepingFocus(() => this.#draw());
    }
  }

  get isComplete() {
    return conditions.write(this.#root).isComplete;
  }

  get catalogue() {
    return this.#given;
  }

  set catalogue(given) {
    this.#given = given;
    this.#keepingFocus(() => this.#draw());
  }

  get words() {
    return this.#words;
  }

  set words(words) {
    this.#words = words;
    this.#keepingFocus(() => this.#draw());
  }

  get problems() {
    return this.#problems;
  }

  set problems(problems) {
    this.#problems = problems ?? [];
    this.#tell();
  }

  get disabled() {
    return this.hasAttribute('disabled');
  }

  set disabled(isDisabled) {
    if (Boolean(isDisabled) !== this.disabled) {
      this.toggleAttribute('disabled', Boolean(isDisabled));
      this.#keepingFocus(() => this.#draw());
    }
  }

  // -- drawing -------------------------------------------------------------------------------

  #draw() {
    if (!this.isConnected) {
      return;
    }

    this.say = speaker(this, this.#words);
    this.known = new Catalogue(this.#given, this.say);
    this.#tree.disabled = this.disabled;
    this.#tree.replaceChildren(this.#group(this.#root));
    this.#tell();
  }

  #entry(entry, className, label, ...parts) {
    return element('div', {className, role: 'group', 'aria-label': label, 'data-entry': String(entry.id)}, parts, element('div', {className: 'sidecar-problems', 'data-problems': ''}));
  }

  #group(group) {
    const isRoot = group === this.#root;
    const join = select(Object.entries(JOINS).map(([each, word]) => [each, this.say(word)]), group.join, this.say('builder_join'), (chosen) => {
      group.join = chosen;
      this.#changed();
    });
    join.dataset.focus = 'join';
    const add = button('btn-sm btn-light', '', () => this.#add(group, conditions.emptyRow()), icon('plus'), ` ${this.say('builder_add')}`);
    add.dataset.focus = 'add';
    const adds = element('div', {className: 'sidecar-adds'}, add, ' ',
      button('btn-sm btn-light', '', () => this.#add(group, conditions.emptyGroup(group.join === 'any' ? 'all' : 'any', [conditions.emptyRow()])), icon('folder-plus'), ` ${this.say('builder_add_group')}`));
    const head = element('div', {className: 'sidecar-head'}, isRoot ? [] : this.#handle(), this.#nots(group), join, isRoot ? [] : this.#acts(group));
    const items = element('div', {className: 'sidecar-items', 'data-items': String(group.id)}, group.items.map((item) => this.#drawn(item)));
    const none = group.items.length === 0 ? element('p', {className: 'text-muted mb-2'}, this.say('builder_nothing')) : null;

    return this.#entry(group, 'sidecar-group', this.say('builder_group'), head, none, items, adds);
  }

  #row(row) {
    const parts = rowParts(row, {
      catalogue: this.known,
      say: this.say,
      host: this,
      changed: (isTyped) => this.#changed(isTyped),
      redraw: (each, focus) => this.#redraw(each, focus),
    });

    return this.#entry(row, 'sidecar-row', this.say('builder_condition'), this.#handle(), element('div', {className: 'sidecar-parts'}, this.#nots(row), parts), this.#acts(row));
  }

  #drawn(entry) {
    return conditions.isGroup(entry) ? this.#group(entry) : this.#row(entry);
  }

  #handle() {
    const handle = button('btn-light sidecar-handle', this.say('builder_move'), () => {}, icon('grip-vertical'));
    handle.dataset.handle = '';
    handle.dataset.focus = 'handle';

    return handle;
  }

  /** A badge for each `not` around an entry; pressing one takes it away. */
  #nots(entry) {
    return Array.from({length: entry.nots}, () => {
      const not = button('btn-sm btn-outline-danger', this.say('builder_negated'), () => this.#negate(entry, -1), this.say('builder_not'));
      not.dataset.focus = 'not';

      return not;
    });
  }

  #acts(entry) {
    const item = (word, action) => button('dropdown-item', '', action, this.say(word));
    const act = (word, does) => item(word, () => this.#act(entry.id, 'menu', 'builder_moved', does));
    const {parent} = conditions.around(this.#root, entry.id);
    const menu = element('details', {className: 'dropdown'},
      element('summary', {className: 'btn btn-light', 'aria-label': this.say('builder_more'), title: this.say('builder_more'), 'data-focus': 'menu'}, icon('ellipsis-vertical')),
      element('div', {className: 'dropdown-menu show'},
        act('builder_up', () => conditions.step(this.#root, entry.id, -1)),
        act('builder_down', () => conditions.step(this.#root, entry.id, 1)),
        item('builder_duplicate', () => {
          const copy = conditions.copyOf(entry);
          const place = conditions.around(this.#root, entry.id);
          place.parent.items.splice(place.index + 1, 0, copy);
          this.#afterwards(copy.id, 'menu', 'builder_duplicated');
        }),
        item(entry.nots ? 'builder_negate_no_more' : 'builder_negate', () => this.#negate(entry, entry.nots ? -1 : 1)),
        item('builder_wrap', () => {
          const place = conditions.around(this.#root, entry.id);
          const group = conditions.emptyGroup(parent.join === 'any' ? 'all' : 'any', [entry]);
          place.parent.items[place.index] = group;
          this.#afterwards(group.id, 'join', 'builder_wrapped');
        }),
        conditions.isGroup(entry) ? item('builder_dissolve', () => {
          const place = conditions.around(this.#root, entry.id);
          place.parent.items.splice(place.index, 1, ...entry.items);
          this.#afterwards(entry.items[0]?.id ?? place.parent.id, entry.items.length ? 'menu' : 'add', 'builder_dissolved');
        }) : null));
    const remove = button('btn-light', this.say('builder_remove'), () => this.#remove(entry), icon('trash-can'));
    remove.dataset.focus = 'remove';

    return element('div', {className: 'sidecar-acts'}, menu, remove);
  }

  /** What is wrong, each at its row or group. */
  #tell() {
    const {paths} = conditions.write(this.#root);
    const told = new Map();

    for (const problem of this.#problems.filter((each) => each.path)) {
      const id = conditions.idAt(this.#root, paths, problem.path) ?? this.#root.id;
      told.set(id, [...(told.get(id) ?? []), problem]);
    }

    for (const box of this.#tree.querySelectorAll('[data-problems]')) {
      const id = Number(box.parentElement.dataset.entry);
      const problems = told.get(id) ?? [];
      const isUnfinished = conditions.isUnfinished(conditions.find(this.#root, id));
      box.parentElement.classList.toggle('has-problem', !isUnfinished && problems.some((each) => each.severity !== 'warning'));
      box.replaceChildren(...(isUnfinished
        ? [element('div', {className: 'text-muted small'}, this.say('builder_unfinished'))]
        : problems.map((each) => element('div', {className: `small ${each.severity === 'warning' ? 'sidecar-warns' : 'text-danger'}`}, [each.message, each.hint].filter(Boolean).join(' – ')))));
    }
  }

  #redraw(entry, focus) {
    this.querySelector(`[data-entry="${entry.id}"]`)?.replaceWith(this.#drawn(entry));
    this.#tell();
    this.#focus(entry.id, focus);
  }

  // -- acting --------------------------------------------------------------------------------

  #changed(isTyped = false) {
    clearTimeout(this.#typing);
    this.#tell();

    if (isTyped) {
      this.#typing = setTimeout(() => this.#announce(), TYPING_MS);
    } else {
      this.#announce();
    }
  }

  #announce() {
    this.dispatchEvent(new CustomEvent('change', {bubbles: true}));
  }

  /** Draw what became different, and put the focus where the person is. */
  #afterwards(id, focus, word) {
    this.#draw();
    this.#focus(id, focus);
    this.#told.textContent = this.say(word);
    this.#changed();
  }

  #act(id, focus, word, does) {
    if (does()) {
      this.#afterwards(id, focus, word);
    }
  }

  #add(group, entry) {
    group.items.push(entry);
    const first = conditions.rowsOf(entry)[0];
    this.#afterwards(first.id, 'fact', 'builder_added');
  }

  #remove(entry) {
    const {parent, index} = conditions.around(this.#root, entry.id);
    parent.items.splice(index, 1);
    const next = parent.items[index] ?? parent.items[index - 1];
    this.#afterwards((next ?? parent).id, next ? 'remove' : 'add', 'builder_removed');
  }

  #negate(entry, by) {
    entry.nots += by;
    this.#afterwards(entry.id, 'menu', by > 0 ? 'builder_negated_now' : 'builder_negated_no_more');
  }

  #key(event) {
    const entry = event.target.closest('[data-entry]');
    const by = {ArrowUp: -1, ArrowDown: 1}[event.key];

    if (event.key === 'Enter' && event.target.matches('input')) {
      // It would send what is around.
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === 'Escape' && event.target.closest('details[open]')) {
      const menu = event.target.closest('details[open]');
      menu.open = false;
      menu.querySelector('summary').focus();
    } else if (event.altKey && by && entry && Number(entry.dataset.entry) !== this.#root.id && !event.target.closest('select, [type="date"], dialog')) {
      // Those open their own lists with it.
      event.preventDefault();
      const id = Number(entry.dataset.entry);
      this.#act(id, event.target.dataset.focus ?? 'handle', 'builder_moved', () => conditions.step(this.#root, id, by));
    }
  }

  #closeMenus(next) {
    for (const menu of this.querySelectorAll('details[open]')) {
      if (!menu.contains(next)) {
        menu.open = false;
      }
    }
  }

  #focus(id, name) {
    this.querySelector(`[data-entry="${id}"] [data-focus="${name}"]`)?.focus();
  }

  /** Do what draws everything anew, and put the focus back on what is at the same place then. */
  #keepingFocus(draw) {
    const all = () => [...this.#tree.querySelectorAll('input, select, button, summary')];
    const place = all().indexOf(document.activeElement);
    draw();

    if (place >= 0) {
      all()[place]?.focus();
    }
  }
}

if (!customElements.get('sidecar-builder')) {
  customElements.define('sidecar-builder', SidecarBuilder);
}
