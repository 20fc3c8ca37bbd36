/** A row of the builder: one comparison, with what it is about, its operator and its values. */

const version = new URL(import.meta.url).search;
const {keyOf, valuesOf, withFact, withOperator} = await import(`./comparisons.js${version}`);
const {SEGMENT} = await import(`./catalogue.js${version}`);
const {combobox} = await import(`./combobox.js${version}`);
const {chooseFilters, told} = await import(`./filters.js${version}`);
const {chipsInput, dayInput, nameInput, pickInput, spanInput, valueInput} = await import(`./inputs.js${version}`);
const {button, element, icon, select} = await import(`./elements.js${version}`);

/** Texts of the operators. */
const WORDS = {
  '=': 'builder_is',
  '!=': 'builder_is_not',
  '>': 'builder_more_than',
  '>=': 'builder_at_least',
  '<': 'builder_less_than',
  '<=': 'builder_at_most',
  'between': 'builder_between',
  'in': 'builder_in',
  'not in': 'builder_not_in',
  'in list': 'builder_in_list',
  'not in list': 'builder_not_in_list',
  'has any': 'builder_has_any',
  'has all': 'builder_has_all',
  'not has any': 'builder_not_has_any',
  'not has all': 'builder_not_has_all',
  'contains': 'builder_contains',
  'not contains': 'builder_not_contains',
  'starts with': 'builder_starts_with',
  'ends with': 'builder_ends_with',
  'within': 'builder_within',
  'older than': 'builder_older_than',
  'in next': 'builder_in_next',
  'before': 'builder_before',
  'after': 'builder_after',
  'on': 'builder_on',
  'missing': 'builder_missing',
  'not missing': 'builder_not_missing',
  'in segment': 'builder_in_segment',
  'not in segment': 'builder_not_in_segment',
};

/** Leaves that rows had before, by fact and by operator: who goes back finds what was there. */
const memories = new WeakMap();

function remember(row, catalogue) {
  const memory = memories.get(row) ?? new Map();
  const name = factName(row.leaf);
  memory.set(name, row.leaf);
  memory.set(`${name} ${keyOf(row.leaf)}`, row.leaf);
  memories.set(row, memory);

  return {name, memory, fact: catalogue.fact(name)};
}

function factName(leaf) {
  return leaf.node === 'in_segment' ? SEGMENT : leaf.fact?.name ?? '';
}

/**
 * What a row is made of.
 *
 * @param {{id: number, leaf: object}} row its leaf is replaced as a person changes it
 * @param {{catalogue: Catalogue, say: Function, host: Element, changed: Function, redraw: Function}} builder
 *   `changed(isTyped)` after a change; `redraw(row, focus)` where the row looks different now
 * @returns {Element[]}
 */
export function rowParts(row, builder) {
  const {catalogue, say} = builder;

  // Of a daemon that is newer than this page: shown, and carried as it is.
  if (keyOf(row.leaf) === undefined) {
    return [element('code', {className: 'sidecar-unknown', title: say('builder_unknown')}, JSON.stringify(row.leaf))];
  }

  const put = (leaf) => {
    memories.delete(row);
    row.leaf = leaf;
    builder.changed(true);
  };
  const box = element('div', {className: 'sidecar-value'});
  const drawValues = () => {
    const parts = valueParts(row.leaf, catalogue, say, put);
    box.replaceChildren(...parts);
    box.hidden = parts.length === 0;
  };
  drawValues();

  return [factPart(row, builder), filterPart(row, builder), operatorPart(row, builder, drawValues), box].filter((part) => part !== null);
}

function factPart(row, builder) {
  const {catalogue, say} = builder;
  const name = factName(row.leaf);
  const input = element('input', {type: 'text', className: 'form-control', 'aria-label': say('builder_fact'), placeholder: say('builder_choose_fact'), 'data-focus': 'fact'});
  const known = catalogue.choices();
  const options = name === '' || catalogue.fact(name) ? known : [{value: name, label: name}, ...known];

  return element('div', {className: 'sidecar-fact'}, combobox(input, {
    options: () => options,
    value: name,
    pick: (chosen) => {
      const {memory} = remember(row, catalogue);
      const fact = catalogue.fact(chosen) ?? {name: chosen};
      row.leaf = memory.get(chosen) ?? withFact(row.leaf, fact, catalogue.keys(catalogue.fact(chosen)));
      builder.changed();
      builder.redraw(row, 'operator');
    },
  }));
}

function filterPart(row, builder) {
  const {catalogue, say} = builder;
  const fact = catalogue.factOf(row.leaf);
  const filters = row.leaf.fact?.filters ?? [];

  if (filters.length === 0 && Object.keys(fact?.filters ?? {}).length === 0) {
    return null;
  }

  const text = filters.length === 0 ? say('builder_filters') : told(filters, say);
  const open = button(`btn-light sidecar-filters${filters.length ? ' is-set' : ''}`, '', () => chooseFilters(builder.host, filters, fact, catalogue, say, (chosen) => {
    if (JSON.stringify(chosen) !== JSON.stringify(filters)) {
      const {filters: _, ...rest} = row.leaf.fact;
      memories.delete(row);
      row.leaf = {...row.leaf, fact: chosen.length ? {...rest, filters: chosen} : rest};
      builder.changed();
    }

    builder.redraw(row, 'filters');
  }), icon('filter'), ` ${text}`);
  open.dataset.focus = 'filters';
  open.setAttribute('aria-haspopup', 'dialog');

  return open;
}

/** Only the values are drawn anew: who types the beginning of an operator is not disturbed. */
function operatorPart(row, builder, drawValues) {
  const {catalogue, say} = builder;
  const key = keyOf(row.leaf);
  const keys = catalogue.keys(catalogue.factOf(row.leaf));
  const options = keys.includes(key) ? keys : [key, ...keys];
  const made = select(options.map((each) => [each, say(WORDS[each])]), key, say('builder_operator'), (chosen) => {
    const {name, memory, fact} = remember(row, catalogue);
    row.leaf = memory.get(`${name} ${chosen}`) ?? withOperator(row.leaf, chosen, fact);
    builder.changed();
    drawValues();
  });
  made.dataset.focus = 'operator';
  made.disabled = factName(row.leaf) === '';
  made.classList.add('sidecar-operator');

  return made;
}

/** The inputs for what a leaf is compared with; none where it is with nothing. */
function valueParts(leaf, catalogue, say, put) {
  const fact = catalogue.factOf(leaf);
  const label = say('builder_value');
  const about = {fact, catalogue, say, label};

  if (factName(leaf) === '') {
    return [];
  }

  switch (leaf.node) {
    case 'compare':
      return [valueInput(leaf.value, about, (value) => { put(leaf = {...leaf, value}); })];
    case 'between':
      return [
        valueInput(leaf.low, {...about, label: say('builder_low')}, (low) => { put(leaf = {...leaf, low}); }),
        element('span', {}, say('builder_and')),
        valueInput(leaf.high, {...about, label: say('builder_high')}, (high) => { put(leaf = {...leaf, high}); }),
      ];
    case 'in':
      return [chipsInput(leaf.values, about, (values) => { put(leaf = {...leaf, values}); })];
    case 'has':
      return [chipsInput(valuesOf(leaf), about, (values) => { put(leaf = {...leaf, values: values.map((value) => value.text)}); })];
    case 'in_list':
      return [pickInput(catalogue.lists(), leaf.list, say('builder_list'), say, (list) => { put(leaf = {...leaf, list}); })];
    case 'contains':
    case 'edge':
      return [valueInput({type: 'text', text: leaf.text}, {...about, fact: undefined}, ({text}) => { put(leaf = {...leaf, text}); })];
    case 'date_span':
      return [spanInput(leaf.span, label, say, (span) => { put(leaf = {...leaf, span}); })];
    case 'date_day':
      return [dayInput(leaf.day, label, say, (day) => { put(leaf = {...leaf, day}); })];
    case 'in_segment':
      return [nameInput(catalogue.values(fact), catalogue.isClosed(fact), leaf.segment, say('builder_segment'), say, (segment) => { put(leaf = {...leaf, segment}); })];
    default:
      return [];
  }
}
