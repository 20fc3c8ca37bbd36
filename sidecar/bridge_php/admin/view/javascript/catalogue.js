/**
 * What a condition can be made of in this store: the answer of the command `rule.facts`, with the
 * texts of the person's language.
 */

const {keysOf} = await import(`./comparisons.js${new URL(import.meta.url).search}`);

/** Stands in the list of facts for being in a segment, which is none; no fact is called so. */
export const SEGMENT = ' segment';

/** Longer lists than this are searched, not unrolled. */
const FEW = 25;

const UNITS = {days: 'unit_days', percent: 'unit_percent'};

export class Catalogue {
  /**
   * @param {object|null} given answer of `rule.facts`; null: not known yet
   * @param {(name: string, ...given: string[]) => string} say texts: `builder_…`, `fact_…`, `area_…`,
   *   `value_…` and `unit_…`
   */
  constructor(given, say) {
    this.given = given ?? {};
    this.say = say;
    this.facts = new Map((this.given.facts ?? []).map((fact) => [fact.name, fact]));
    this.facts.set(SEGMENT, {name: SEGMENT, kind: 'segment', area: '', filters: {}});
  }

  /** The fact of that name, or undefined. */
  fact(name) {
    return this.facts.get(name);
  }

  /** The fact that a leaf is about, or undefined. */
  factOf(leaf) {
    return this.fact(leaf.node === 'in_segment' ? SEGMENT : leaf.fact?.name);
  }

  /** What a fact is called. */
  label(name) {
    if (name === SEGMENT) {
      return this.say('builder_segment');
    }

    return this.say.has(`fact_${name}`) ? this.say(`fact_${name}`) : this.fact(name)?.label ?? name;
  }

  /** What a fact is counted in, or ''. */
  unit(fact) {
    return fact?.unit in UNITS && this.say.has(UNITS[fact.unit]) ? this.say(UNITS[fact.unit]) : '';
  }

  /** Everything that can be compared, as options with a heading each. */
  choices() {
    return [...this.facts.values()].map((fact) => ({
      value: fact.name,
      label: this.label(fact.name),
      hint: fact.name === SEGMENT ? '' : fact.name,
      group: this.heading(fact.area),
      isFaint: Boolean(fact.absent),
      title: fact.absent ?? '',
    }));
  }

  heading(area) {
    const name = `area_${area.replaceAll(' ', '_')}`;

    return area === '' ? this.say('builder_membership') : this.say.has(name) ? this.say(name) : area;
  }

  /** The keys of operators that a fact takes. */
  keys(fact) {
    return keysOf(fact?.kind, fact ? this.given.operators?.[fact.kind] : undefined);
  }

  /** Names that a fact is compared with, as options. Empty: any text. */
  values(fact) {
    if (fact?.kind === 'segment') {
      return plain(this.given.segments);
    }

    if (fact?.names) {
      return this.named(fact.names);
    }

    if (fact?.values?.length) {
      return fact.values.map((value) => ({value, label: this.valueLabel(value), hint: this.valueLabel(value) === value ? '' : value}));
    }

    const texts = this.given.texts?.[fact?.name];

    return fact?.name === 'country' ? countries(texts ?? []) : plain(texts);
  }

  valueLabel(value) {
    const name = `value_${value.replaceAll(' ', '_')}`;

    return this.say.has(name) ? this.say(name) : value;
  }

  /** Names of a namespace, as options. */
  named(namespace) {
    return namespace === 'tag' ? plain(this.given.tags) : this.given.names?.[namespace] ?? [];
  }

  /** Named lists, as options. */
  lists() {
    return (this.given.lists ?? []).map(({name, texts}) => ({value: name, label: name, hint: String(texts)}));
  }

  /** Whether the names are all that there are, and few enough to unroll. */
  isClosed(fact) {
    const options = this.values(fact);
    const isOpen = !fact || fact.kind === 'text' || fact.names === 'tag' || this.given.more?.[fact.names];

    return !isOpen && options.length > 0 && options.length <= FEW;
  }
}

function plain(names) {
  return (names ?? []).map((name) => ({value: name, label: name}));
}

function countries(codes) {
  const names = new Intl.DisplayNames([document.documentElement.lang || 'en'], {type: 'region', fallback: 'none'});

  return codes.map((code) => {
    let name;

    try {
      name = names.of(code);
    } catch {
      // Not a code of a country.
    }

    return {value: code, label: code, hint: name ?? ''};
  });
}
