/**
 * The list of customers: filters, searches by expressions, and changing many customers at once.
 *
 * The list is a panel; what it shows it says in its `data-…` itself, and everything around follows.
 */

// With the version that the page names: without it the browser would run the module twice.
const {ask, fetchJson, follow, load, newKey, Progress} = await import(`./sidecar.js${new URL(import.meta.url).search}`);

const root = document.querySelector('#customers');

if (root) {
  start();
}

function start() {
  const texts = JSON.parse(root.dataset.texts);
  const panel = root.querySelector('#customers-list');
  const expression = root.querySelector('#expression');
  const searching = root.querySelector('#customers-expression');
  const locating = root.querySelector('#customers-location');
  const [country, region] = locating.querySelectorAll('select');
  const bulk = root.querySelector('#customers-bulk');
  const TICKED = 'sidecar-customers-ticked';
  const RELOAD_MS = 2500;
  /** What the list says of itself. */
  let list = panel.querySelector('[data-list]');
  /** Ids that are ticked, also on other pages. */
  let ticked = new Set(JSON.parse(sessionStorage.getItem(TICKED) || '[]'));
  /** All that match are chosen instead. */
  let isAll = false;
  /** What was previewed: the request that is to be made. */
  let previewed = null;
  /** How many searches were begun or given up, by the filter that each is for: the last one counts. */
  const searches = {selection: 0, location: 0};
  /** What is loaded without a new entry in the browser's history. */
  let quiet = '';

  const say = (text, ...values) => values.reduce((said, value) => said.replace('%s', value), text);
  const count = (number) => number.toLocaleString(document.documentElement.lang || undefined);

  // -- filters and the list ----------------------------------------------------------------

  function inputs() {
    return [...root.querySelectorAll('[data-filter]')];
  }

  function valueOf(input) {
    return input.tagName === 'DETAILS'
      ? [...input.querySelectorAll('input:checked')].map((box) => box.value).join(',')
      : input.value.trim();
  }

  function put(input, value) {
    if (input.tagName !== 'DETAILS') {
      input.value = value;

      return;
    }

    const chosen = value === '' ? [] : value.split(',');
    input.querySelectorAll('input').forEach((box) => { box.checked = chosen.includes(box.value); });
    tellTicked(input);
  }

  function tellTicked(details) {
    const number = details.querySelectorAll('input:checked').length;
    details.querySelector('[data-ticked]').textContent = number ? `(${number})` : '';
    details.open = details.open || number > 0;
  }

  /** The URL of a page of ours with the filters in place of those that it has. */
  function filtered() {
    const url = new URL(panel.dataset.panel, document.baseURI);

    for (const input of inputs()) {
      const value = valueOf(input);

      if (value === '') {
        url.searchParams.delete(input.dataset.filter);
      } else {
        url.searchParams.set(input.dataset.filter, value);
      }
    }

    url.searchParams.delete('page');

    return url.href;
  }

  function apply() {
    for (const input of root.querySelectorAll('input[data-filter]')) {
      if (!input.reportValidity()) {
        return undefined;
      }
    }

    return load(panel, filtered());
  }

  /** Make everything around say what the list shows. */
  function show() {
    const before = list?.dataset.query;
    list = panel.querySelector('[data-list]');

    if (!list) {
      return;
    }

    const query = JSON.parse(list.dataset.query);
    inputs().forEach((input) => put(input, query[input.dataset.filter] || ''));
    root.querySelectorAll('[data-segment]').forEach((button) => {
      const isActive = button.dataset.segment === (query.segment || '') && (button.dataset.segment !== '' || Object.keys(query).length === 0);
      button.classList.toggle('active', isActive);
      button.setAttribute('aria-pressed', String(isActive));
    });
    root.querySelector('[data-as-expression]').textContent = list.dataset.expression;
    showLocation();

    if (before !== list.dataset.query) {
      isAll = false;
    }

    tick();
  }

  panel.addEventListener('sidecar:loaded', () => {
    show();

    if (list && new URL(list.dataset.url, document.baseURI).href !== window.location.href && panel.dataset.panel !== quiet) {
      window.history.pushState({sidecar: panel.dataset.panel}, '', list.dataset.url);
    }

    quiet = '';
  });

  window.history.replaceState({sidecar: panel.dataset.panel}, '');
  window.addEventListener('popstate', (event) => {
    if (event.state?.sidecar) {
      quietly(event.state.sidecar);
    }
  });

  /** Load the list without a new entry in the browser's history. */
  function quietly(url) {
    // The last one counts: one before that is still on its way never replaces it.
    quiet = url;

    return load(panel, url);
  }

  root.addEventListener('click', (event) => {
    const on = (selector) => event.target.closest(selector);

    if (on('[data-apply]')) {
      apply();
    } else if (on('[data-reset]')) {
      clear();
      apply();
    } else if (on('button[data-segment]')) {
      const chosen = on('button[data-segment]').dataset.segment;

      if (chosen === '') {
        clear();
      }

      root.querySelector('[data-filter="segment"]').value = chosen;
      apply();
    } else if (on('[data-show-filter]')) {
      root.querySelector('#customers-filter').classList.toggle('d-none');
    } else if (on('[data-unselect]')) {
      unselect(on('[data-unselect]').dataset.unselect);
      apply();
    } else if (on('[data-again]')) {
      const {again, expression: text} = on('[data-again]').dataset;

      if (again === 'selection') {
        expression.value = text;
      }

      search(again, text);
    } else if (on('[data-search]')) {
      search('selection', expression.value.trim());
    }
  });

  root.addEventListener('change', (event) => {
    const details = event.target.closest('details[data-filter]');

    if (details) {
      tellTicked(details);
    } else if (event.target.matches('select[data-filter]')) {
      apply();
    } else if (event.target === country && country.value === '') {
      unselect('location');
      apply();
    } else if (event.target === country || event.target === region) {
      search('location', event.target.value);
    }
  });

  root.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.target.matches('input[data-filter]')) {
      apply();
    } else if (event.key === 'Enter' && event.target === expression) {
      search('selection', expression.value.trim());
    }
  });

  // -- expressions -------------------------------------------------------------------------

  /** Have customers selected by an expression; tells as it goes. */
  async function select(text, progress, started = () => {}) {
    const asked = await fetchJson(root, root.closest('[data-ask]').dataset.ask, {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify({name: 'customers.select', parameters: {expression: text}, key: newKey()}),
    });

    if (asked.error) {
      throw new Error(asked.error);
    }

    started(asked.command);

    return (await follow(root, asked.command, progress)).answer;
  }

  function progressOf(filter) {
    return new Progress(filter === 'location' ? locating : searching);
  }

  /** Give up what the daemon found for a filter, and what it still looks for. */
  function unselect(filter) {
    searches[filter] += 1;
    progressOf(filter).line.replaceChildren();
    root.querySelector(`[data-filter="${filter}"]`).value = '';
  }

  function clear() {
    inputs().forEach((input) => put(input, ''));
    Object.keys(searches).forEach(unselect);
  }

  /** Have customers found by an expression, and show those of them whom the other filters leave. */
  async function search(filter, text) {
    const number = ++searches[filter];
    const progress = progressOf(filter);

    if (text === '') {
      return;
    }

    let shown = 0;
    let selection = 0;
    const look = (done) => {
      // What is found already is worth a look while the rest is looked through.
      if (selection && done && performance.now() - shown > RELOAD_MS && number === searches[filter]) {
        shown = performance.now();
        root.querySelector(`[data-filter="${filter}"]`).value = selection;
        quietly(filtered());
      }
    };
    progress.working('new');

    try {
      const answer = await select(text, (state, done, total, passed) => {
        progress.working(state, done, total, passed);
        look(done);
      }, (command) => { selection = command; });

      if (number !== searches[filter]) {
        return;
      }

      if (filter === 'selection') {
        progress.over([say(texts.found, count(answer.customers)), ...answer.warnings].join('\n'), answer.warnings.length ? 'warning' : 'success');
      } else {
        progress.line.replaceChildren();
      }

      root.querySelector(`[data-filter="${filter}"]`).value = selection;
      await load(panel, filtered());
    } catch (error) {
      if (number === searches[filter]) {
        progress.over(error.message, 'danger');
        showLocation();
      }
    }
  }

  /** Make the choices of country and region say what the list shows. */
  async function showLocation() {
    const text = list.dataset.location;
    const chosen = [...country.options].find((option) => option.value && (text === option.value || text.startsWith(`${option.value} and `)));
    country.value = chosen?.value ?? '';

    if (region.dataset.country !== (chosen?.dataset.country ?? '')) {
      region.dataset.country = chosen?.dataset.country ?? '';
      const regions = chosen ? await fetchJson(root, `${root.dataset.regions}&country=${chosen.dataset.country}`).catch(() => []) : [];

      if (region.dataset.country !== (chosen?.dataset.country ?? '')) {
        return;
      }

      region.replaceChildren(new Option('', country.value), ...regions.map(({name, expression: where}) => new Option(name, where)));
      region.parentElement.classList.toggle('d-none', regions.length === 0);
    }

    region.value = [...region.options].some((option) => option.value === text) ? text : country.value;
  }

  // -- many at once ------------------------------------------------------------------------

  function chosen() {
    return isAll ? Number(list.dataset.total) : ticked.size;
  }

  /** Show what is ticked, and what can be done with it. */
  function tick() {
    if (!bulk || !list) {
      return;
    }

    const boxes = [...panel.querySelectorAll('[data-tick]')];
    boxes.forEach((box) => {
      box.checked = isAll || ticked.has(Number(box.dataset.tick));
      box.disabled = isAll;
    });
    const page = panel.querySelector('[data-tick-page]');
    page.checked = boxes.length > 0 && boxes.every((box) => box.checked);
    page.disabled = isAll;
    const number = chosen();
    bulk.querySelector('[data-chosen]').textContent = number ? say(texts.chosen, isAll ? list.dataset.counted : count(number)) : texts.nobody;
    bulk.querySelector('[data-choose-all]').textContent = say(texts.all, list.dataset.counted);
    bulk.querySelector('[data-choose-all]').classList.toggle('d-none', isAll || list.dataset.total === '0');
    bulk.querySelector('[data-choose-none]').classList.toggle('d-none', !number);
    bulk.querySelector('[data-doing]').classList.toggle('d-none', !number);
    leave();
  }

  /** What was previewed holds no more. */
  function leave() {
    previewed = null;
    bulk.querySelector('[data-previewed]').classList.add('d-none');
  }

  function keep() {
    sessionStorage.setItem(TICKED, JSON.stringify([...ticked]));
    tick();
  }

  /** What is to be done: the command and what it takes but the customers. Throws an Error for people. */
  function wanted() {
    const value = (name) => bulk.querySelector(`[data-bulk="${name}"]`).value.trim();
    const command = value('command');
    const parameters = {};

    if (command.startsWith('tag.')) {
      parameters.tag = value('tag');

      if (parameters.tag === '') {
        throw new Error(texts.target);
      }
    } else if (command === 'group.set') {
      // A name may stand for two groups; a number does not.
      parameters.group = `#${value('group')}`;

      if (value('reason') === '') {
        throw new Error(texts.reason);
      }
    }

    if (command !== 'group.auto' && value('reason') !== '') {
      parameters.reason = value('reason');
    }

    return {command, parameters, target: parameters.tag || (command === 'group.set' ? value('group') : '')};
  }

  function rest(isResting) {
    bulk.querySelectorAll('button').forEach((button) => { button.disabled = isResting; });
  }

  async function preview() {
    const progress = new Progress(bulk);
    leave();
    rest(true);

    try {
      const {command, parameters, target} = wanted();
      let whom = {customers: [...ticked]};

      if (isAll) {
        if (list.dataset.expression === '') {
          throw new Error(texts.unsayable);
        }

        progress.working('new');
        const answer = await select(list.dataset.expression, (...how) => progress.working(...how));
        whom = {selection: answer.selection};
      }

      const counted = await fetchJson(root, root.dataset.preview, {
        method: 'POST',
        headers: {'Content-Type': 'application/json'},
        body: JSON.stringify({command, target, ...whom}),
      });

      if (counted.error) {
        throw new Error(counted.error);
      }

      progress.line.replaceChildren();
      previewed = {command, parameters: {...parameters, ...whom}, customers: counted.customers, isMuch: counted.customers > counted.cap, key: newKey()};
      bulk.querySelector('[data-says]').textContent = say(texts.changes, count(counted.changed), count(counted.customers));
      bulk.querySelector('[data-number-label]').textContent = say(texts.number, counted.customers);
      bulk.querySelector('[data-number]').classList.toggle('d-none', !previewed.isMuch);
      bulk.querySelector('#bulk-number').value = '';
      bulk.querySelector('[data-previewed]').classList.remove('d-none');
    } catch (error) {
      progress.over(error.message, 'danger');
    } finally {
      rest(false);
      ready();
    }
  }

  /** Whether the number was typed that has to be. */
  function ready() {
    const typed = bulk.querySelector('#bulk-number').value.replace(/[\s.,'’]/g, '');
    bulk.querySelector('[data-carry-out]').disabled = !previewed || previewed.customers === 0 || (previewed.isMuch && typed !== String(previewed.customers));
  }

  async function carryOut() {
    const {command, parameters, customers, isMuch, key} = previewed;
    const progress = new Progress(bulk);
    rest(true);
    progress.working('new');

    try {
      const {answer} = await ask(root, command, isMuch ? {...parameters, confirmed: customers} : parameters, {
        key,
        progress: (...how) => progress.working(...how),
      });
      const said = [say(texts.changed, count(answer.customers), count(answer.changed))];

      if (answer.set_aside) {
        said.push(say(texts.aside, count(answer.set_aside)));
      }

      if (answer.created?.length) {
        said.push(texts.created);
      }

      const told = document.createElement('span');
      told.textContent = `${said.join(' ')} `;

      if (answer.run && root.dataset.run) {
        const link = document.createElement('a');
        link.href = `${root.dataset.run}&run=${answer.run}`;
        link.className = 'alert-link';
        link.textContent = texts.run;
        told.append(link);
      }

      ticked = new Set();
      isAll = false;
      keep();
      progress.over(told);
      await quietly(panel.dataset.panel);
    } catch (error) {
      progress.over(error.message, 'danger');
    } finally {
      rest(false);
      ready();
    }
  }

  if (bulk) {
    panel.addEventListener('change', (event) => {
      const box = event.target;
      const boxes = box.matches('[data-tick-page]') ? [...panel.querySelectorAll('[data-tick]')] : [box];

      if (!box.matches('[data-tick], [data-tick-page]')) {
        return;
      }

      for (const each of boxes) {
        if (box.checked) {
          ticked.add(Number(each.dataset.tick));
        } else {
          ticked.delete(Number(each.dataset.tick));
        }
      }

      keep();
    });

    bulk.addEventListener('click', (event) => {
      const on = (selector) => event.target.closest(selector);

      if (on('[data-choose-all]')) {
        isAll = true;
        tick();
      } else if (on('[data-choose-none]')) {
        isAll = false;
        ticked = new Set();
        keep();
      } else if (on('[data-preview-bulk]')) {
        preview();
      } else if (on('[data-carry-out]') && previewed) {
        carryOut();
      } else if (on('[data-leave]')) {
        leave();
      }
    });

    bulk.addEventListener('input', (event) => {
      if (event.target.id === 'bulk-number') {
        ready();
      } else if (event.target.matches('[data-bulk]')) {
        const command = bulk.querySelector('[data-bulk="command"]').value;
        bulk.querySelectorAll('[data-for]').forEach((part) => part.classList.toggle('d-none', !part.dataset.for.split(' ').includes(command)));
        leave();
      }
    });
  }

  show();
}
