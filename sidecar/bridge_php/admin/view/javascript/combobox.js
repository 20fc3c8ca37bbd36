/**
 * An input with a list that is searched while one types, under headings.
 *
 *   combobox(input, {
 *     options: () => [{value, label, hint?, group?, isFaint?, title?}],   hint: searched and shown, paler
 *     value: '' | 'orders',                                              what stands in it at first
 *     isFree: true,                                                      other texts can be given too
 *     pick: (value) => …,                                                called when it became another
 *   })                                                                   the element that holds both
 *
 * Keys: down and up walk, Enter takes, Escape closes.
 */

const {element, newId} = await import(`./elements.js${new URL(import.meta.url).search}`);

/** More than these are not shown at once. */
const MOST = 100;

export function combobox(input, {options, value, isFree = false, pick}) {
  const list = element('div', {className: 'dropdown-menu sidecar-options', id: newId(), role: 'listbox'});
  const all = options();
  const shown = (each) => all.find((option) => option.value === each)?.label ?? each;
  let current = value;
  let active = null;

  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('aria-expanded', 'false');
  input.setAttribute('aria-controls', list.id);
  input.autocomplete = 'off';
  input.spellcheck = false;
  input.value = shown(current);

  function close() {
    list.classList.remove('show');
    list.replaceChildren();
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
    active = null;
  }

  function activate(option) {
    active?.classList.remove('active');
    active?.setAttribute('aria-selected', 'false');
    active = option;
    option.classList.add('active');
    option.setAttribute('aria-selected', 'true');
    option.scrollIntoView({block: 'nearest'});
    input.setAttribute('aria-activedescendant', option.id);
  }

  function open(searched = '') {
    const text = folded(searched);
    const found = all.filter((option) => text === '' || [option.label, option.hint ?? '', option.group ?? ''].some((each) => folded(each).includes(text)));
    // What begins with it comes first within its heading.
    const ranked = text === '' ? found : [...found].sort((a, b) => Number(!folded(a.label).startsWith(text)) - Number(!folded(b.label).startsWith(text)));
    close();

    if (found.length === 0) {
      return;
    }

    const groups = groupBy(ranked.slice(0, MOST));

    for (const [heading, members] of groups) {
      const label = heading === '' ? null : element('div', {className: 'dropdown-header', id: newId()}, heading);
      const group = element('div', label ? {role: 'group', 'aria-labelledby': label.id} : {}, label, members.map(row));
      list.append(group);
    }

    list.classList.add('show');
    input.setAttribute('aria-expanded', 'true');
    const chosen = [...list.querySelectorAll('[role="option"]')].find((each) => each.dataset.value === current);

    if (chosen && text === '') {
      activate(chosen);
    } else if (text !== '' && !isFree) {
      activate(list.querySelector('[role="option"]'));
    }
  }

  function row(option) {
    const made = element('div', {className: `dropdown-item${option.isFaint ? ' text-muted' : ''}`, role: 'option', id: newId(), 'aria-selected': 'false', 'data-value': option.value, title: option.title ?? ''}, option.label);

    if (option.hint) {
      made.append(' ', element('small', {className: 'sidecar-hint'}, option.hint));
    }

    return made;
  }

  function take(found) {
    close();
    input.value = shown(found);

    if (found !== current) {
      current = found;
      pick(found);
    }
  }

  /** Take what is typed: an option's name in any case, or where that may be, anything else. */
  function settle() {
    const text = folded(input.value);
    const named = all.find((option) => folded(option.label) === text) ?? all.find((option) => folded(option.value) === text);

    if (input.value === shown(current)) {
      close();
    } else if (named || isFree) {
      take(named ? named.value : input.value);
    } else {
      close();
      input.value = shown(current);
    }
  }

  input.addEventListener('input', () => open(input.value));
  input.addEventListener('click', () => open());
  input.addEventListener('focus', () => input.select());
  input.addEventListener('blur', settle);
  input.addEventListener('keydown', (event) => {
    if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && !event.altKey) {
      event.preventDefault();

      if (!list.classList.contains('show')) {
        open();

        if (active) {
          return;
        }
      }

      const rows = [...list.querySelectorAll('[role="option"]')];
      const place = rows.indexOf(active) + (event.key === 'ArrowDown' ? 1 : -1);

      if (rows.length > 0) {
        activate(rows[(place + rows.length) % rows.length]);
      }
    } else if (event.key === 'Enter') {
      event.preventDefault();

      if (active) {
        take(active.dataset.value);
      } else {
        settle();
      }
    } else if (event.key === 'Escape' && list.classList.contains('show')) {
      event.preventDefault();
      event.stopPropagation();
      close();
      input.value = shown(current);
    }
  });
  // Before the input loses the focus, which would settle what is typed.
  list.addEventListener('mousedown', (event) => {
    event.preventDefault();
    const option = event.target.closest('[role="option"]');

    if (option) {
      take(option.dataset.value);
    }
  });

  return element('div', {className: 'sidecar-combobox'}, input, list);
}

function folded(text) {
  return text.normalize('NFKC').toLowerCase().trim();
}

function groupBy(options) {
  const groups = new Map();
  options.forEach((option) => groups.set(option.group ?? '', [...(groups.get(option.group ?? '') ?? []), option]));

  return groups;
}
