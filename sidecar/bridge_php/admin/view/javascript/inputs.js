/**
 * Inputs for the values of a comparison, right for their type. Each is an element; `change` is called
 * with the new value, as the daemon's JSON has it, and never for what nobody touched.
 */

const version = new URL(import.meta.url).search;
const {NUMBERS, UNITS, blank, fits, number} = await import(`./comparisons.js${version}`);
const {combobox} = await import(`./combobox.js${version}`);
const {button, element, icon, select} = await import(`./elements.js${version}`);

const ONE_WORDS = {minute: 'builder_minute', hour: 'builder_hour', day: 'builder_day', week: 'builder_week', month: 'builder_month', year: 'builder_year'};
const UNIT_WORDS = {minute: 'builder_minutes', hour: 'builder_hours', day: 'builder_days', week: 'builder_weeks', month: 'builder_months', year: 'builder_years'};

/** A value as people read it, e.g. `90 days`. */
export function written(value, say) {
  switch (value.type) {
    case 'number':
      return value.number;
    case 'text':
      return value.text;
    case 'yesno':
      return say(value.yesno ? 'builder_yes' : 'builder_no');
    case 'span':
      return value.count === null ? '' : `${value.count} ${say((value.count === 1 ? ONE_WORDS : UNIT_WORDS)[value.unit])}`;
    case 'date':
      return value.date;
    case 'relative_day':
      return say(value.day === 'today' ? 'builder_today' : 'builder_yesterday');
    default:
      return JSON.stringify(value);
  }
}

/** A text field; `change` gets what is typed and answers whether it can be. */
function field(value, label, change, more = {}) {
  const input = element('input', {type: 'text', className: 'form-control', value, 'aria-label': label, autocomplete: 'off', ...more});
  const mark = (isGood) => {
    input.classList.toggle('is-invalid', !isGood);
    input.setAttribute('aria-invalid', String(!isGood));
  };
  input.addEventListener('input', () => mark(change(input.value)));

  return input;
}

function numberField(value, label, change) {
  return field(value.type === 'number' ? value.number : value.text ?? '', label, (typed) => {
    const found = number(typed);
    change({type: 'number', number: found ?? ''});

    return found !== undefined;
  }, {inputMode: 'decimal'});
}

/** How long: a number and its unit. */
export function spanInput(span, label, say, change) {
  let now = span;
  const take = (next) => {
    now = {...now, ...next};
    change(now);
  };
  const count = field(span.count === null ? '' : String(span.count), label, (typed) => {
    const isGood = /^\s*[0-9]{1,9}\s*$/.test(typed);
    take({count: isGood ? Number(typed) : null});

    return isGood;
  }, {inputMode: 'numeric'});
  const unit = select(UNITS.map((each) => [each, say(UNIT_WORDS[each])]), span.unit, say('builder_unit'), (chosen) => take({unit: chosen}));

  return element('div', {className: 'input-group'}, count, unit);
}

/** A day: one of the calendar, or one that moves with today. */
export function dayInput(day, label, say, change) {
  const date = element('input', {type: 'date', className: 'form-control', 'aria-label': label, min: '1900-01-01', max: '2999-12-31', value: day.date ?? ''});
  const which = select([
    ['date', say('builder_date')],
    ['today', say('builder_today')],
    ['yesterday', say('builder_yesterday')],
  ], day.day ?? 'date', say('builder_which_day'), (chosen) => {
    date.hidden = chosen !== 'date';
    change(chosen === 'date' ? {type: 'date', date: date.value} : {type: 'relative_day', day: chosen});
  });
  date.hidden = day.type === 'relative_day';
  date.addEventListener('input', () => change({type: 'date', date: date.value}));

  return element('div', {className: 'input-group sidecar-day'}, which, date);
}

/** A number of days, which can be said in weeks too. */
function daysInput(value, label, say, change) {
  const isSpan = value.type === 'span';
  // Days stay what they were written as: a number, or a span.
  const days = isSpan && value.unit === 'day' ? 'day' : '';
  const units = [...new Set([days, 'week', isSpan ? value.unit : days])];
  let unit = isSpan ? value.unit : days;
  let typed = isSpan ? String(value.count ?? '') : value.number ?? value.text ?? '';
  const give = () => {
    const found = number(typed);
    const isWhole = found !== undefined && /^[0-9]{1,9}$/.test(found);
    change(unit === '' ? {type: 'number', number: found ?? ''} : {type: 'span', count: isWhole ? Number(found) : null, unit});

    return unit === '' ? found !== undefined : isWhole;
  };
  const count = field(typed, label, (text) => {
    typed = text;

    return give();
  }, {inputMode: 'decimal'});
  const choice = select(units.map((each) => [each, say(UNIT_WORDS[each || 'day'])]), unit, say('builder_unit'), (chosen) => {
    unit = chosen;
    give();
  });

  return element('div', {className: 'input-group'}, count, choice);
}

/** One of `options`; what stands in it already stays one of them. */
export function pickInput(options, value, label, say, change) {
  const isKnown = value === '' || options.some((option) => option.value === value);
  const empty = value === '' ? [['', say('builder_choose')]] : [];
  const unknown = isKnown ? [] : [[value, value]];

  return select([...empty, ...unknown, ...options.map((option) => [option.value, option.label])], value, label, change);
}

/** A name: picked where all are known, else typed with those that are offered. */
export function nameInput(options, isClosed, value, label, say, change) {
  if (isClosed) {
    return pickInput(options, value, label, say, change);
  }

  const input = element('input', {type: 'text', className: 'form-control', 'aria-label': label});

  return combobox(input, {options: () => options, value, isFree: true, pick: change});
}

/** One value of a comparison with a fact. */
export function valueInput(value, {fact, catalogue, say, label}, change) {
  // What does not fit the fact is shown as it is, and becomes of the right type once it is touched.
  const kind = fact && !fits(value, fact) ? fact.kind : {number: 'number', yesno: 'yesno', span: 'number'}[value.type] ?? fact?.kind;

  if (value.type === 'span' && fact?.unit !== 'days') {
    return spanInput(value, label, say, change);
  }

  if (NUMBERS.includes(kind)) {
    if (fact?.unit === 'days') {
      return daysInput(value, label, say, change);
    }

    const input = numberField(value.type === 'number' ? value : {text: written(value, say)}, label, change);
    const unit = fact?.kind === 'money' ? catalogue.given.currency ?? '' : catalogue.unit(fact);

    return unit === '' ? input : element('div', {className: 'input-group'}, input, element('span', {className: 'input-group-text'}, unit));
  }

  if (kind === 'yesno') {
    const options = [['yes', say('builder_yes')], ['no', say('builder_no')]];
    const now = value.type === 'yesno' ? (value.yesno ? 'yes' : 'no') : '';

    return select(now === '' ? [['', written(value, say)], ...options] : options, now, label, (chosen) => change(chosen === '' ? value : {type: 'yesno', yesno: chosen === 'yes'}));
  }

  const options = catalogue.values(fact);
  const text = value.type === 'text' ? value.text : written(value, say);

  if (options.length > 0) {
    return nameInput(options, catalogue.isClosed(fact), text, label, say, (chosen) => change({type: 'text', text: chosen}));
  }

  return field(text, label, (typed) => {
    change({type: 'text', text: typed});

    return true;
  });
}

/** Several values, each a chip that can be taken away. */
export function chipsInput(values, {fact, catalogue, say, label}, change) {
  const box = element('div', {className: 'sidecar-chips form-control', role: 'group', 'aria-label': label});
  const isNumber = NUMBERS.includes(fact?.kind);
  const options = isNumber ? [] : catalogue.values(fact);
  let now = [...values];

  function give(next) {
    now = next;
    change(now);
    draw();
  }

  function chip(value, index) {
    const text = written(value, say);
    const named = options.find((option) => option.value === text)?.label ?? text;
    const away = button('btn-sm sidecar-away', say('builder_take_away', named || say('builder_empty')), () => {
      give(now.filter((_, place) => place !== index));
      (box.querySelectorAll('.sidecar-away')[Math.min(index, now.length - 1)] ?? box.querySelector('input')).focus();
    }, icon('xmark'));

    return element('span', {className: 'badge sidecar-chip'}, named || element('em', {}, say('builder_empty')), away);
  }

  function add(typed) {
    // Many at once come from a list that is pasted, one a line.
    const lines = typed.split('\n').map((text) => text.trim()).filter((text) => text !== '');
    const found = lines.map((text) => (isNumber ? {type: 'number', number: number(text)} : {...blank('text'), text}));
    const isGood = found.every((value) => value.number !== undefined || value.type === 'text');
    const fresh = found.filter((value) => !now.some((other) => JSON.stringify(other) === JSON.stringify(value)));

    if (isGood && fresh.length > 0) {
      give([...now, ...fresh]);
    } else if (isGood) {
      draw();
    }

    return isGood;
  }

  function draw() {
    const hasFocus = box.contains(document.activeElement);
    const input = element('input', {type: 'text', 'aria-label': say('builder_add_value', label), placeholder: say('builder_add_one'), autocomplete: 'off', inputMode: isNumber ? 'decimal' : 'text'});
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Backspace' && input.value === '' && now.length > 0) {
        event.preventDefault();
        give(now.slice(0, -1));
      } else if (event.key === 'Enter' && options.length === 0) {
        event.preventDefault();
        settle();
      }
    });
    input.addEventListener('paste', (event) => {
      const pasted = event.clipboardData.getData('text');

      if (pasted.trim().includes('\n') && add(pasted)) {
        event.preventDefault();
      }
    });

    const settle = () => {
      const typed = input.value;
      // Emptied first: as it is taken away it loses the focus, which would settle it again.
      input.value = '';

      if (!add(typed)) {
        input.value = typed;
        input.classList.add('is-invalid');
      }
    };

    if (options.length === 0) {
      input.addEventListener('change', settle);
    }

    const adding = options.length === 0 ? input : combobox(input, {options: () => options.filter((option) => !now.some((value) => value.text === option.value)), value: '', isFree: !catalogue.isClosed(fact), pick: add});
    box.replaceChildren(...now.map(chip), adding);

    if (hasFocus) {
      input.focus();
    }
  }

  draw();

  return box;
}
