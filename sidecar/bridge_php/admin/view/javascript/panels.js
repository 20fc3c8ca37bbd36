/**
 * Panels that keep up to date by themselves, and panels that a button opens.
 *
 *   <div data-panel="URL" data-refresh="5">…</div>     asks the URL again every five seconds
 *   <button type="button" data-opens="#result">Check</button>
 *   <div id="result" data-opened="URL"></div>          a panel once the button was pressed; a
 *                                                      `data-url` of the button comes before its own
 *   <div data-outcome="URL"></div>                     tells what came of any command of the page
 *
 * A panel is replaced only when something in it became different, nobody is at work in it, and
 * somebody sees the page. An element `template[data-alerts]` in one says how the daemon is now.
 */

// With the version that the page names: without it the browser would run the module twice.
const {load, start} = await import(`./sidecar.js${new URL(import.meta.url).search}`);

const TICK_MS = 1000;
/** When each panel was asked for last. */
const asked = new WeakMap();
/** What the browser made of each panel when it was last filled. */
const filled = new WeakMap();

/** Whether somebody types in a panel, or a command of it is on its way. */
function isUsed(panel) {
  const inputs = [...panel.querySelectorAll('input:not([type="hidden"]), select, textarea')];

  return panel.hasAttribute('aria-busy')
    || panel.querySelector('[data-busy]') !== null
    || inputs.some((input) => input === document.activeElement || (input.defaultValue !== undefined && input.value !== input.defaultValue));
}

/** What a panel says of the daemon, above the page. */
function tellDaemon(panel) {
  const alerts = panel.querySelector('template[data-alerts]');
  const page = panel.closest('[data-daemon]');

  if (alerts && page) {
    page.dataset.daemon = alerts.dataset.daemon;
    page.querySelector('#sidecar-daemon')?.replaceChildren(alerts.content.cloneNode(true));
  }
}

async function refresh(panel) {
  const url = panel.dataset.panel;
  let html;

  try {
    const response = await fetch(url, {credentials: 'same-origin'});
    html = await response.text();

    // A page instead of a piece: the session is over. What stands is better than that.
    if (!response.ok || html.includes('<html')) {
      return;
    }
  } catch {
    return;
  }

  const fresh = document.createElement('template');
  fresh.innerHTML = html;

  if (fresh.innerHTML === filled.get(panel) || panel.dataset.panel !== url || isUsed(panel)) {
    return;
  }

  filled.set(panel, fresh.innerHTML);
  panel.replaceChildren(fresh.content);
  start(panel);
  tellDaemon(panel);
}

for (const panel of document.querySelectorAll('[data-panel][data-refresh]')) {
  filled.set(panel, panel.innerHTML);
}

setInterval(() => {
  if (document.hidden) {
    return;
  }

  const now = performance.now();

  for (const panel of document.querySelectorAll('[data-panel][data-refresh]')) {
    if (!asked.has(panel)) {
      asked.set(panel, now);
    } else if (now - asked.get(panel) >= Number(panel.dataset.refresh) * 1000 && !isUsed(panel)) {
      asked.set(panel, now);
      refresh(panel);
    }
  }
}, TICK_MS);

document.addEventListener('sidecar:loaded', (event) => {
  filled.set(event.target, event.target.innerHTML);
  tellDaemon(event.target);
});

document.addEventListener('sidecar:answered', (event) => {
  const told = document.querySelector('[data-outcome]');

  if (told) {
    load(told, `${told.dataset.outcome}&command=${event.detail.command}`);
    told.scrollIntoView({block: 'nearest'});
    event.target.querySelector('[data-progress]')?.replaceChildren();
  }
});

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-opens]');

  if (button && !button.disabled) {
    const panel = document.querySelector(button.dataset.opens);
    button.disabled = true;
    load(panel, button.dataset.url || panel.dataset.opened).finally(() => { button.disabled = false; });
  }
});
