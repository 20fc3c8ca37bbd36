/**
 * Points, store credit and cards: what a command answered is told, and what points are worth.
 *
 *   <div data-command="card.find" data-tells="#found">…</div>    what it answered is told in …
 *   <div id="found" data-told="URL"></div>                       … this, from the URL and its number
 *   <input data-quotes="#quoted" data-customer="7">              what so many points would become
 *   <button type="button" data-print>Print</button>
 */

// With the version that the page names: without it the browser would run the module twice.
const {ask, load} = await import(`./sidecar.js${new URL(import.meta.url).search}`);

/** So long after a key nobody types any more. */
const PAUSE_MS = 400;

/** The last quote that was asked for: an older answer never replaces it. */
let latest = 0;

function tell(panel, command) {
  return load(panel, `${panel.dataset.told}&command=${command}`);
}

async function quote(input) {
  const panel = document.querySelector(input.dataset.quotes);
  const mine = ++latest;

  if (input.value === '' || !input.checkValidity()) {
    panel.replaceChildren();

    return;
  }

  try {
    const {command} = await ask(input, 'points.quote', {customer: Number(input.dataset.customer), points: Number(input.value)});

    if (mine === latest) {
      await tell(panel, command);
    }
  } catch (error) {
    if (mine === latest) {
      panel.textContent = error.message;
    }
  }
}

document.addEventListener('sidecar:answered', (event) => {
  const told = event.target.dataset.tells;

  if (told) {
    tell(document.querySelector(told), event.detail.command);
  }

  // What was done is not to be done again by a press on the same button.
  for (const input of event.target.querySelectorAll('input:not([type="hidden"])')) {
    input.value = input.defaultValue;
    input.checked = input.defaultChecked;
    document.querySelector(input.dataset.quotes || 'none')?.replaceChildren();
  }
});

let waiting = 0;

document.addEventListener('input', (event) => {
  if (event.target.dataset?.quotes) {
    clearTimeout(waiting);
    waiting = setTimeout(quote, PAUSE_MS, event.target);
  }
});

document.addEventListener('click', (event) => {
  if (event.target.closest?.('[data-print]')) {
    window.print();
  }
});
