/**
 * What all our pages do in the browser: ask for commands and follow them, and load pieces of a page.
 *
 * In markup, without a line of script:
 *
 *   <div data-command="tag.add">                  one command; not a form, as the native form is around
 *     <input data-parameter="tag">                a parameter; left out of the request while it is empty
 *     <input data-parameter="customers" data-kind="json" type="hidden" value="[7]">
 *     <button type="button" data-submit data-confirm="Sure?">Add</button>
 *   </div>
 *
 *   <div data-panel="URL"></div>                  filled from the URL; links with data-in-panel stay in it
 *   <div data-panel="URL" data-lazy></div>        the same, once it is seen
 *   <div data-panel="URL" data-asks="explain" data-parameters='{"customer": "7"}'></div>
 *                                                 asks first, and gives the URL the command's number
 *
 * `data-kind`: text (unless said otherwise), integer, boolean, names (a line each), json.
 * When a command is over, `sidecar:answered` bubbles up from its element with `detail` as `ask` gives
 * it, and the panels that `data-reload` names (a selector; by default the one around) load again.
 */

const FAST_MS = 150;
const SLOW_MS = 1000;
const FAST_FOR_MS = 3000;
const LONG_MS = 20000;

/** The element that says where to ask, around `element`. */
function place(element) {
  return element.closest('[data-ask]');
}

/** The texts that scripts say, around `element`. */
export function words(element) {
  return JSON.parse(element.closest('[data-words]').dataset.words);
}

/** A key that no other request has; also where the page is not served by HTTPS. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** JSON of a URL. Throws an Error whose message is for people. */
export async function fetchJson(element, url, options = {}) {
  let response;

  try {
    response = await fetch(url, {credentials: 'same-origin', ...options});
  } catch {
    throw Object.assign(new Error(words(element).lost), {isLost: true});
  }

  const text = await response.text();

  try {
    return JSON.parse(text);
  } catch {
    // OpenCart answers with its login page where the session is over.
    throw Object.assign(new Error(response.ok ? words(element).login : words(element).lost), {isLost: !response.ok});
  }
}

/**
 * Ask for a command and follow it to its end.
 *
 * @param {Element} element within the page
 * @param {string} name of the command
 * @param {object} parameters
 * @param {{key?: string, progress?: (state: string, done: number, total: number) => void}} options
 * @returns {Promise<{state: 'done'|'waiting', answer: any, command: number}>}
 * @throws {Error} with a message for people: refused, failed or unreachable
 */
export async function ask(element, name, parameters, {key = newKey(), progress = () => {}} = {}) {
  const asked = await fetchJson(element, place(element).dataset.ask, {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({name, parameters, key}),
  });

  if (asked.error) {
    throw new Error(asked.error);
  }

  return follow(element, asked.command, progress);
}

/** Follow a command that was asked for, as `ask` does. */
export async function follow(element, command, progress = () => {}) {
  const url = `${place(element).dataset.answer}&command=${command}`;
  const started = performance.now();
  let failures = 0;

  for (;;) {
    const passed = performance.now() - started;
    await new Promise((resolve) => setTimeout(resolve, passed < FAST_FOR_MS ? FAST_MS : SLOW_MS));
    let found;

    try {
      found = await fetchJson(element, url);
      failures = 0;
    } catch (error) {
      if (++failures > 5) {
        throw error;
      }

      continue;
    }

    if (!found.state) {
      throw new Error(found.error);
    }

    if (found.state === 'failed') {
      throw new Error(`${words(element).failed} ${found.error}`);
    }

    if (found.state === 'done' || found.state === 'waiting') {
      return found;
    }

    progress(found.state, found.done, found.total, performance.now() - started);
  }
}

/** A line that says how a command stands, for people who see and who listen. */
export class Progress {
  constructor(element) {
    this.element = element;
    this.line = element.querySelector(':scope [data-progress]');

    if (!this.line) {
      this.line = document.createElement('div');
      this.line.dataset.progress = '';
      this.line.className = 'mt-2';
      element.append(this.line);
    }

    this.line.setAttribute('role', 'status');
  }

  /** How far it is; a bar once that is known. */
  working(state, done = 0, total = 0, passed = 0) {
    const texts = words(this.element);
    const said = document.createElement('span');
    said.className = 'text-muted';
    said.textContent = passed > LONG_MS ? texts.slow : state === 'new' ? texts.waits : texts.working;
    this.line.replaceChildren(said);

    if (total > 0) {
      const bar = document.createElement('progress');
      bar.className = 'sidecar-progress';
      bar.max = total;
      bar.value = done;
      said.after(bar, ` ${done.toLocaleString()} / ${total.toLocaleString()}`);
    }
  }

  /** That it is over; `kind` is one of Bootstrap's. */
  over(text, kind = 'success') {
    const said = document.createElement('div');
    // Not `alert-dismissible`: OpenCart 4.0 takes those away after some seconds.
    said.className = `alert alert-${kind} d-flex gap-3 mb-0`;
    const told = document.createElement('div');
    told.className = 'flex-grow-1';
    told.append(text);
    said.append(told);
    const close = document.createElement('button');
    close.type = 'button';
    close.className = 'btn-close flex-shrink-0';
    close.setAttribute('aria-label', words(this.element).close);
    close.addEventListener('click', () => said.remove());
    said.append(close);
    this.line.replaceChildren(said);
  }
}

/** What the inputs of a command's element say: its parameters. Throws an Error for people. */
export function parametersOf(element) {
  const parameters = {};

  for (const input of element.querySelectorAll('[data-parameter]')) {
    const value = valueOf(input);

    if (value !== undefined) {
      parameters[input.dataset.parameter] = value;
    }
  }

  return parameters;
}

function valueOf(input) {
  if (input.type === 'checkbox') {
    return input.checked ? true : undefined;
  }

  if (input.type === 'radio' && !input.checked) {
    return undefined;
  }

  const text = input.value.trim();

  if (text === '') {
    return undefined;
  }

  switch (input.dataset.kind) {
    case 'integer':
      return Number(text);
    case 'boolean':
      return text === '1' || text === 'true';
    case 'names':
      return text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
    case 'json':
      return JSON.parse(text);
    default:
      return text;
  }
}

/** The last request of an element whose answer was lost: asked again, it must be the same command. */
const lost = new WeakMap();

/** Carry out the command of an element; its buttons rest meanwhile, so twice pressed is once asked. */
export async function carryOut(element, button) {
  if (element.dataset.busy || (button.dataset.confirm && !window.confirm(button.dataset.confirm))) {
    return;
  }

  for (const input of element.querySelectorAll('input, select, textarea')) {
    if (!input.reportValidity()) {
      return;
    }
  }

  element.dataset.busy = '1';
  const resting = [...element.querySelectorAll('button')].filter((each) => !each.disabled);
  resting.forEach((each) => { each.disabled = true; });
  const progress = new Progress(element);
  progress.working('new');

  try {
    const name = button.dataset.command || element.dataset.command;
    const parameters = parametersOf(element);
    const request = JSON.stringify([name, parameters]);
    const key = lost.get(element)?.request === request ? lost.get(element).key : newKey();
    lost.set(element, {request, key});
    const found = await ask(element, name, parameters, {
      key,
      progress: (...how) => progress.working(...how),
    });
    lost.delete(element);
    const texts = words(element);
    const said = found.state === 'waiting' ? [texts.approval, 'info'] : [element.dataset.done || texts.done, 'success'];
    const panel = element.closest('[data-panel]');
    progress.over(...said);
    element.dispatchEvent(new CustomEvent('sidecar:answered', {bubbles: true, detail: found}));
    await reload(element);

    // What was said went away with the element: it is said above what came in its place.
    if (!element.isConnected && panel?.isConnected) {
      const line = document.createElement('div');
      line.dataset.progress = '';
      line.className = 'mb-2';
      panel.prepend(line);
      new Progress(panel).over(...said);
    }
  } catch (error) {
    if (!error.isLost) {
      lost.delete(element);
    }

    progress.over(error.message, 'danger');
  } finally {
    resting.forEach((each) => { each.disabled = false; });
    delete element.dataset.busy;
  }
}

/** Load the panels again that an element names, or the one around it. */
export async function reload(element) {
  const named = element.dataset.reload;
  const panels = named ? [...document.querySelectorAll(named)] : [element.closest('[data-panel]')];
  await Promise.all(panels.filter((panel) => panel !== null && named !== 'none').map((panel) => load(panel)));
}

/** What each panel was asked for last. */
const latest = new WeakMap();

/** Fill a panel from a URL, by default its own. An older answer never replaces a newer one. */
export async function load(panel, url = panel.dataset.panel) {
  const mine = {};
  latest.set(panel, mine);
  panel.dataset.panel = url;
  panel.setAttribute('aria-busy', 'true');

  try {
    const response = await fetch(url + await asked(panel), {credentials: 'same-origin'});
    const html = await response.text();

    if (latest.get(panel) !== mine) {
      return;
    }

    if (!response.ok || html.includes('<html')) {
      throw new Error(response.ok ? words(panel).login : words(panel).lost);
    }

    panel.innerHTML = html;
    start(panel);
    panel.dispatchEvent(new CustomEvent('sidecar:loaded', {bubbles: true}));
  } catch (error) {
    if (latest.get(panel) !== mine) {
      return;
    }

    const said = document.createElement('div');
    said.className = `alert alert-${error.kind || 'danger'}`;
    said.textContent = error instanceof TypeError ? words(panel).lost : error.message;
    panel.replaceChildren(said);
  } finally {
    if (latest.get(panel) === mine) {
      panel.removeAttribute('aria-busy');
    }
  }
}

/** Ask for the command that a panel tells the answer of; what its URL then takes. */
async function asked(panel) {
  if (!panel.dataset.asks) {
    return '';
  }

  // Nobody would answer, and each look at the page would leave a request behind.
  if (place(panel).dataset.daemon !== 'running') {
    throw Object.assign(new Error(words(panel).idle), {kind: 'info'});
  }

  const progress = new Progress(panel);
  progress.working('new');
  const found = await ask(panel, panel.dataset.asks, JSON.parse(panel.dataset.parameters || '{}'), {
    progress: (...how) => progress.working(...how),
  });

  return `&command=${found.command}`;
}

/** Begin what is declared within `element`: panels that are empty load, tooltips show. */
export function start(element) {
  for (const panel of element.querySelectorAll('[data-panel]:empty')) {
    if ('lazy' in panel.dataset) {
      whenSeen(panel, load);
    } else {
      load(panel);
    }
  }

  for (const each of element.querySelectorAll('[data-bs-toggle="tooltip"]')) {
    window.bootstrap?.Tooltip.getOrCreateInstance(each);
  }
}

/** Call `then` with `element` the first time that it is on the screen, as in a tab that opens. */
function whenSeen(element, then) {
  const seen = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) {
      seen.disconnect();
      then(element);
    }
  }, {rootMargin: '200px'});
  seen.observe(element);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-submit]');

  if (button && place(button)) {
    event.preventDefault();
    // A button may name a command of its own, which takes the parameters of the one around it.
    carryOut(button.parentElement.closest('[data-command]') ?? button, button);

    return;
  }

  const link = event.target.closest?.('a[data-in-panel], [data-panel] thead a[href], [data-panel] .pagination a[href]');
  const panel = link?.closest('[data-panel]');

  if (panel && place(panel) && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    load(panel, link.href);
  }
});

document.addEventListener('keydown', (event) => {
  const element = event.target.closest?.('[data-command]');

  // Enter would send the native form that is around the customer's tab.
  if (event.key === 'Enter' && element && place(element) && event.target.matches('input')) {
    event.preventDefault();
    // What looks comes before what acts.
    (element.querySelector('[data-find], [data-show]') ?? element.querySelector('[data-submit]'))?.click();
  }
});

document.querySelectorAll('[data-ask]').forEach(start);
