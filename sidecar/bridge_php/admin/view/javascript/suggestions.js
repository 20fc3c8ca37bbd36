/**
 * What can stand at a place of a condition's text: facts, operators, names in quotes and joining words.
 *
 * A text that is being written is hardly ever a condition yet, so it is walked from its beginning with
 * one state, which says what is expected next; what is wrong before the place is passed over.
 */

const TOKEN = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|@[\p{L}\p{N}_-]*|\d{4}-\d{2}-\d{2}|-?\d+(?:\.\d+)?|[\p{L}_][\p{L}\p{N}_]*|[<>!]=|\S/gsu;
const UNITS = ['minutes', 'hours', 'days', 'weeks', 'months', 'years'];
const DAYS = ['today', 'yesterday'];
const JOINING = ['and', 'or'];
/** The operators of the catalogue and their negations. */
const NEGATIONS = {'in': ['in', 'not in'], 'has': ['has', 'not has'], 'contains': ['contains', 'not contains'], 'is missing': ['is missing', 'is not missing']};

/** What stands next after a token, by what was expected at it. Without an entry it stays. */
const NEXT = {
  segment: () => 'join',
  with: () => 'text',
  text: () => 'join',
  day: () => 'join',
  list: () => 'join',
  than: () => 'span',
  of: () => 'open',
  span: () => 'unit',
  unit: () => 'join',
  is: (token) => (token === 'missing' ? 'join' : 'is'),
  membership: (token) => (token === 'segment' ? 'segment' : 'join'),
  filterName: (token, at) => { at.filter = token; return 'filterSign'; },
  filterSign: () => 'filterValue',
  filterValue: (token, at) => (at.filter === 'within' ? 'filterUnit' : 'filterMore'),
  filterUnit: () => 'filterMore',
  filterMore: (token) => (token === ',' ? 'filterName' : 'filterMore'),
  more: (token) => (token === ',' ? 'value' : 'more'),
  betweenAnd: (token, at) => {
    if (token === 'and') {
      at.isBetween = false;

      return 'value';
    }

    return 'betweenAnd';
  },
  join: (token) => (JOINING.includes(token) ? 'fact' : 'join'),
  value: (token, at) => (at.open.at(-1) === 'values' ? 'more' : at.isBetween ? 'betweenAnd' : 'join'),
  has: (token) => (token === 'any' || token === 'all' ? 'of' : 'join'),
  in: (token) => (token === 'next' ? 'span' : 'join'),
  fact: (token, at) => {
    if (token === 'not') {
      return 'fact';
    }

    if (token === 'in') {
      return 'membership';
    }

    at.fact = token;
    at.filters = [];

    return 'operator';
  },
  operator: (token, at) => {
    at.isBetween = token === 'between';

    return {
      not: 'operator', in: 'in', has: 'has', contains: 'text', starts: 'with', ends: 'with', within: 'span', older: 'than', before: 'day', after: 'day', on: 'day', is: 'is', and: 'fact', or: 'fact',
    }[token] ?? 'value';
  },
};

/** What is expected after the tokens, and what it is about. */
function expected(tokens) {
  const at = {state: 'fact', fact: '', filter: '', filters: [], isBetween: false, open: []};

  for (const token of tokens) {
    if (token === '(') {
      const kind = at.state === 'operator' ? 'filters' : at.state === 'in' || at.state === 'open' ? 'values' : 'group';
      at.open.push(kind);
      at.state = {filters: 'filterName', values: 'value', group: 'fact'}[kind];
    } else if (token === ')') {
      at.state = at.open.pop() === 'filters' ? 'operator' : 'join';
    } else {
      at.state = NEXT[at.state]?.(token, at) ?? at.state;
    }
  }

  return at;
}

/** A text in quotes, as the language writes it. */
export function quoted(text) {
  const quote = text.includes('"') && !text.includes("'") ? "'" : '"';

  return quote + text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`) + quote;
}

/**
 * What can stand at an offset of a text.
 *
 * @param {string} text
 * @param {number} offset in units of UTF-16
 * @param {Catalogue} catalogue
 * @returns {{from: number, to: number, options: {insert: string, label: string, hint: string}[]}} what
 *   stands `from` … `to` is replaced by what one of them inserts
 */
export function suggest(text, offset, catalogue) {
  const before = text.slice(0, offset);
  const tokens = [...before.matchAll(TOKEN)].map((match) => ({text: match[0], from: match.index}));
  // A quote that is not closed: everything after it is one text.
  const quote = tokens.findIndex((token) => token.text === '"' || token.text === "'");
  let from = offset;

  if (quote >= 0) {
    from = tokens[quote].from;
    tokens.length = quote;
  } else if (tokens.length > 0 && /[\p{L}\p{N}_@]$/u.test(before) && /^[\p{L}_@]/u.test(tokens.at(-1).text)) {
    from = tokens.pop().from;
  }

  const typed = folded(before.slice(from).replace(/^["']/, ''));
  const at = expected(tokens.map((token) => token.text));
  const found = offered(at, catalogue).filter((option) => folded(option.insert.replace(/^["']/, '')).startsWith(typed) || folded(option.hint).includes(typed));
  const rest = quote >= 0 ? /^[^"'\n]*["']/.exec(text.slice(offset))?.[0] ?? '' : '';

  return {from, to: offset + (rest === '"' || rest === "'" ? 1 : 0), options: found};
}

function folded(text) {
  return text.normalize('NFKC').toLowerCase();
}

function offered(at, catalogue) {
  const fact = catalogue.fact(at.fact);
  const plain = (words) => words.map((word) => ({insert: word, label: word, hint: ''}));
  const names = (options) => options.map((option) => ({insert: quoted(option.value), label: quoted(option.value), hint: option.hint || (option.label === option.value ? '' : option.label)}));

  switch (at.state) {
    case 'fact':
      return [...catalogue.choices().filter((each) => each.hint !== '').map((each) => ({insert: each.value, label: each.value, hint: each.label})), ...plain(['not', 'in segment'])];
    case 'operator':
      return [...plain((catalogue.given.operators?.[fact?.kind] ?? []).flatMap((each) => NEGATIONS[each] ?? [each])), ...(fact?.kind === 'yesno' ? plain(JOINING) : [])];
    case 'value':
    case 'has':
      return fact?.kind === 'yesno' ? plain(['yes', 'no']) : names(catalogue.values(fact));
    case 'in':
      return catalogue.lists().map((each) => ({insert: `@${each.value}`, label: `@${each.value}`, hint: ''}));
    case 'segment':
      return names(catalogue.values({kind: 'segment'}));
    case 'day':
      return plain(DAYS);
    case 'unit':
    case 'filterUnit':
      return plain(UNITS);
    case 'is':
      return plain(['missing', 'not missing']);
    case 'filterName':
      return Object.keys(fact?.filters ?? {}).map((name) => ({insert: `${name} ${name === 'total' ? '>=' : '='}`, label: name, hint: ''}));
    case 'filterValue':
      return at.filter === 'from' || at.filter === 'until' ? plain(DAYS) : names(fact?.filters?.[at.filter] ? catalogue.named(fact.filters[at.filter]) : []);
    case 'join':
      return plain(JOINING);
    default:
      return [];
  }
}
