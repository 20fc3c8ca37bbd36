/**
 * One comparison of a condition's tree: which operator it has, and how it becomes one with another.
 *
 * A leaf is a node of the daemon's JSON form, as `{node: 'compare', fact: {name: 'orders'}, op: '>=',
 * value: {type: 'number', number: '3'}}`. What nobody changes here is never written anew.
 */

/** What each operator is in the tree, by its key; in the order in which they are offered. */
export const OPERATORS = {
  '=': {node: 'compare', op: '='},
  '!=': {node: 'compare', op: '!='},
  '>': {node: 'compare', op: '>'},
  '>=': {node: 'compare', op: '>='},
  '<': {node: 'compare', op: '<'},
  '<=': {node: 'compare', op: '<='},
  'between': {node: 'between'},
  'in': {node: 'in'},
  'not in': {node: 'in', negated: true},
  'in list': {node: 'in_list'},
  'not in list': {node: 'in_list', negated: true},
  'has any': {node: 'has', mode: 'any'},
  'has all': {node: 'has', mode: 'all'},
  'not has any': {node: 'has', mode: 'any', negated: true},
  'not has all': {node: 'has', mode: 'all', negated: true},
  'contains': {node: 'contains'},
  'not contains': {node: 'contains', negated: true},
  'starts with': {node: 'edge', op: 'starts with'},
  'ends with': {node: 'edge', op: 'ends with'},
  'within': {node: 'date_span', op: 'within'},
  'older than': {node: 'date_span', op: 'older than'},
  'in next': {node: 'date_span', op: 'in next'},
  'before': {node: 'date_day', op: 'before'},
  'after': {node: 'date_day', op: 'after'},
  'on': {node: 'date_day', op: 'on'},
  'missing': {node: 'missing'},
  'not missing': {node: 'missing', negated: true},
  'in segment': {node: 'in_segment'},
  'not in segment': {node: 'in_segment', negated: true},
};

/** The keys that each operator of the daemon's catalogue stands for; others are their own key. */
const CATALOGUE = {
  'in': ['in', 'not in'],
  'has': ['has any', 'not has any'],
  'has any of': [],
  'has all of': ['has all', 'not has all'],
  'contains': ['contains', 'not contains'],
  'is missing': ['missing', 'not missing'],
};

export const NUMBERS = ['number', 'decimal', 'money'];
export const UNITS = ['minute', 'hour', 'day', 'week', 'month', 'year'];

/** What the operators of a kind of fact are called here, of those that the catalogue names. */
export function keysOf(kind, named) {
  if (kind === 'segment') {
    return ['in segment', 'not in segment'];
  }

  const keys = (named ?? Object.keys(OPERATORS)).flatMap((operator) => CATALOGUE[operator] ?? [operator]);

  if (named?.includes('in') && (kind === 'text' || kind === 'choice')) {
    keys.splice(keys.indexOf('not in') + 1, 0, 'in list', 'not in list');
  }

  // Of a fact that is not known every operator may be right.
  return keys.filter((key) => key in OPERATORS && OPERATORS[key].node !== 'in_segment');
}

/** The operator with which a comparison of a kind of fact begins. */
export function firstKey(kind) {
  if (NUMBERS.includes(kind)) {
    return '>=';
  }

  return {date: 'within', birthday: 'in next', set: 'has any', segment: 'in segment'}[kind] ?? '=';
}

/** The operator of a leaf, or undefined where it is of a shape that is not known here. */
export function keyOf(leaf) {
  return Object.keys(OPERATORS).find((key) => {
    const {node, op, mode, negated = false} = OPERATORS[key];

    return leaf.node === node && leaf.op === op && leaf.mode === mode && (leaf.negated ?? false) === negated;
  });
}

/** The values of a leaf, in their order; texts of sets as values too. */
export function valuesOf(leaf) {
  switch (leaf.node) {
    case 'compare':
      return [leaf.value];
    case 'between':
      return [leaf.low, leaf.high];
    case 'in':
      return leaf.values;
    case 'has':
      return leaf.values.map((text) => ({type: 'text', text}));
    case 'contains':
    case 'edge':
      return [{type: 'text', text: leaf.text}];
    case 'date_span':
      return [leaf.span];
    case 'date_day':
      return [leaf.day];
    default:
      return [];
  }
}

/** A value that nobody gave yet. */
export function blank(kind) {
  if (kind === 'yesno') {
    return {type: 'yesno', yesno: true};
  }

  return NUMBERS.includes(kind) ? {type: 'number', number: ''} : {type: 'text', text: ''};
}

/** Whether a value can be compared with a fact: `{kind, unit}`, or undefined for one not known. */
export function fits(value, fact) {
  if (!fact) {
    return true;
  }

  if (NUMBERS.includes(fact.kind)) {
    return value.type === 'number' || (value.type === 'span' && fact.unit === 'days');
  }

  return value.type === (fact.kind === 'yesno' ? 'yesno' : 'text');
}

/** The same comparison with another operator; of its values those stay that can. */
export function withOperator(leaf, key, fact) {
  const {node, ...shape} = OPERATORS[key];
  const given = valuesOf(leaf);
  const values = given.filter((value) => fits(value, fact));
  const empty = blank(fact?.kind ?? 'text');
  const text = given.find((value) => value.type === 'text')?.text ?? '';
  const made = {node};

  if (node !== 'in_segment') {
    made.fact = leaf.fact ?? {name: ''};
  }

  switch (node) {
    case 'compare':
      return {...made, ...shape, value: values[0] ?? empty};
    case 'between':
      return {...made, low: values[0] ?? empty, high: values[1] ?? empty};
    case 'in':
      return {...made, values: values.filter((value) => !isEmpty(value)), ...shape};
    case 'in_list':
      return {...made, list: leaf.list ?? '', ...shape};
    case 'has':
      return {...made, mode: shape.mode, values: values.filter((value) => value.type === 'text' && value.text !== '').map((value) => value.text), ...shape};
    case 'contains':
      return {...made, text, ...shape};
    case 'edge':
      return {...made, ...shape, text};
    case 'date_span':
      return {...made, ...shape, span: given.find((value) => value.type === 'span') ?? {type: 'span', count: null, unit: 'day'}};
    case 'date_day':
      return {...made, ...shape, day: given.find((value) => value.type === 'date' || value.type === 'relative_day') ?? {type: 'date', date: ''}};
    case 'in_segment':
      return {...made, segment: leaf.segment ?? '', ...shape};
    default:
      return {...made, ...shape};
  }
}

/** The same with another fact, `{name, kind, unit, filters}`; the operator stays where it can. */
export function withFact(leaf, fact, keys) {
  const filters = (leaf.fact?.filters ?? []).filter((filter) => filter.name in (fact.filters ?? {}));
  const named = fact.kind === 'segment' ? {} : {fact: filters.length ? {name: fact.name, filters} : {name: fact.name}};
  const key = keyOf(leaf);
  const wasChosen = Boolean(leaf.fact?.name) || leaf.node === 'in_segment';

  return withOperator({...leaf, ...named}, wasChosen && keys.includes(key) ? key : firstKey(fact.kind), fact);
}

/** A comparison with nothing chosen. */
export function fresh() {
  return {node: 'compare', fact: {name: ''}, op: '=', value: {type: 'text', text: ''}};
}

function isEmpty(value) {
  return value.number === '' || value.text === '' || value.count === null || value.date === '';
}

/** Whether a value lacks what the daemon needs to read it at all; an empty text is a text. */
export function lacks(value) {
  return value.number === '' || value.count === null || value.date === '';
}

/** Whether a leaf lacks something; the empty name of a segment can be read, and is wrong. */
export function isIncomplete(leaf) {
  return leaf.fact?.name === ''
    || leaf.list === ''
    || (Array.isArray(leaf.values) && leaf.values.length === 0)
    || valuesOf(leaf).some(lacks);
}

/** A number as the daemon writes it, of what a person typed (1,50 is 1.5); undefined where that is none. */
export function number(typed) {
  const [, minus, whole, part = ''] = /^\s*([-+]?)([0-9]{0,12})(?:[.,]([0-9]{1,12}))?\s*$/.exec(typed) ?? [];

  if (whole === undefined || whole + part === '') {
    return undefined;
  }

  const digits = [whole.replace(/^0+(?=.)/, '') || '0', part.replace(/0+$/, '')].filter((each) => each !== '').join('.');

  return minus === '-' && digits !== '0' ? `-${digits}` : digits;
}
