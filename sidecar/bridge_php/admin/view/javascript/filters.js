/**
 * The pop-up in which the filters of a fact are chosen: which orders, returns or reviews count.
 */

const version = new URL(import.meta.url).search;
const {dayInput, nameInput, spanInput, valueInput, written} = await import(`./inputs.js${version}`);
const {button, element, icon, newId} = await import(`./elements.js${version}`);

const WORDS = {
  within: 'builder_filter_within',
  from: 'builder_filter_from',
  until: 'builder_filter_until',
  status: 'builder_filter_status',
  store: 'builder_filter_store',
  category: 'builder_filter_category',
  product: 'builder_filter_product',
  manufacturer: 'builder_filter_manufacturer',
  total: 'builder_filter_total',
};

const BLANKS = {
  within: {type: 'span', count: null, unit: 'day'},
  from: {type: 'date', date: ''},
  until: {type: 'date', date: ''},
  total: {type: 'number', number: ''},
};

/** What filters say, e.g. `within: 1 year, status: Complete`. */
export function told(filters, say) {
  return filters.map((filter) => `${say(WORDS[filter.name] ?? filter.name)} ${written(filter.value, say)}`).join(', ');
}

function filterInput(filter, namespace, catalogue, say, change) {
  const label = say(WORDS[filter.name] ?? filter.name);

  switch (filter.value.type) {
    case 'span':
      return spanInput(filter.value, label, say, change);
    case 'date':
    case 'relative_day':
      return dayInput(filter.value, label, say, change);
    case 'number':
      return valueInput(filter.value, {catalogue, say, label}, change);
    default: {
      const options = namespace ? catalogue.named(namespace) : [];

      return nameInput(options, catalogue.isClosed({kind: 'choice', names: namespace}), filter.value.text, label, say, (text) => change({type: 'text', text}));
    }
  }
}

/**
 * Let a person choose filters.
 *
 * @param {Element} host where the pop-up is put
 * @param {{name: string, value: object}[]} given those there are; stays as it is
 * @param {object|undefined} fact of the catalogue
 * @param {(filters: object[]) => void} done called with what was chosen, unless it was cancelled
 */
export function chooseFilters(host, given, fact, catalogue, say, done) {
  let filters = structuredClone(given);
  const allowed = fact?.filters ?? {};
  const title = element('h5', {className: 'flex-grow-1 mb-0', id: newId()}, say('builder_filters_of', catalogue.label(fact?.name ?? '')));
  const list = element('div', {});
  const dialog = element('dialog', {className: 'sidecar-dialog', 'aria-labelledby': title.id},
    element('div', {className: 'card-header d-flex'}, title, button('btn-close', say('builder_cancel'), () => dialog.close())),
    element('div', {className: 'card-body'}, element('p', {className: 'text-muted'}, say('builder_filters_help')), list),
    element('div', {className: 'card-footer d-flex gap-2 justify-content-end'},
      button('btn-light', '', () => dialog.close(), say('builder_cancel')),
      button('btn-primary', '', () => dialog.close('done'), say('builder_apply'))));

  function draw() {
    const rows = filters.map((filter, index) => element('div', {className: 'sidecar-filter', 'data-filter': filter.name},
      element('span', {className: 'sidecar-filter-name'}, say(WORDS[filter.name] ?? filter.name)),
      filterInput(filter, allowed[filter.name], catalogue, say, (value) => { filters[index] = {...filter, value}; }),
      button('btn-light', say('builder_remove'), () => {
        filters = filters.filter((_, place) => place !== index);
        draw();
        list.querySelector('.sidecar-adds button')?.focus();
      }, icon('trash-can'))));
    const others = Object.keys(allowed).filter((name) => !filters.some((filter) => filter.name === name));
    const adds = others.map((name) => button('btn-sm btn-light', '', () => {
      filters = [...filters, {name, value: structuredClone(BLANKS[name] ?? {type: 'text', text: ''})}];
      draw();
      [...list.querySelectorAll('.sidecar-filter')].at(-1).querySelector('input:not([hidden]), select').focus();
    }, icon('plus'), ` ${say(WORDS[name] ?? name)}`));
    const adding = element('div', {className: 'sidecar-adds', role: 'group', 'aria-label': say('builder_add_filter')}, adds);
    list.replaceChildren(...rows, ...(adds.length ? [adding] : []));
  }

  // A value is settled when its input loses the focus: before the pop-up closes.
  dialog.addEventListener('close', () => {
    dialog.remove();

    if (dialog.returnValue === 'done') {
      done(filters);
    }
  });
  draw();
  host.append(dialog);
  dialog.showModal();
  list.querySelector('input:not([hidden]), select, button').focus();
}
