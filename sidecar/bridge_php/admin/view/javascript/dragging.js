/**
 * Carrying rows and groups of a list to another place, within the list and into groups of it; by
 * mouse, pen or finger. The browser's own dragging knows no fingers everywhere.
 *
 *   <div data-items="GROUP">
 *     <div data-entry="ID"><button data-handle>…</button>…</div>
 *   </div>
 *
 * `drop(id, group, index)` is called with the place, before what is at `index` now; `id` and `group`
 * are text. Escape puts back what is carried.
 */

/** So far a pointer moves before it carries: less is a press. */
const BEGINS_PX = 4;
/** So near to the edge of the window the page moves along, by so much for each frame. */
const EDGE_PX = 48;
const STEP_PX = 12;

export function carry(host, drop) {
  const mark = document.createElement('div');
  mark.className = 'sidecar-drop';
  /** What a pointer holds, where it began, and where it is. */
  let held = null;

  host.addEventListener('pointerdown', (event) => {
    const handle = event.target.closest?.('[data-handle]');
    const entry = handle?.closest('[data-entry]');

    if (entry && held === null && event.button === 0 && !handle.matches(':disabled')) {
      held = {entry, handle, pointer: event.pointerId, from: [event.clientX, event.clientY], isCarried: false};
      handle.setPointerCapture(event.pointerId);
    }
  });
  host.addEventListener('pointermove', (event) => {
    if (held?.pointer !== event.pointerId) {
      return;
    }

    Object.assign(held, {x: event.clientX, y: event.clientY});

    if (!held.isCarried && Math.hypot(held.x - held.from[0], held.y - held.from[1]) >= BEGINS_PX) {
      held.isCarried = true;
      held.entry.classList.add('sidecar-carried');
      requestAnimationFrame(follow);
    }

    if (held.isCarried) {
      aim();
    }
  });
  host.addEventListener('pointerup', (event) => {
    if (held?.pointer !== event.pointerId) {
      return;
    }

    const items = mark.parentElement;

    if (!held.isCarried || !items) {
      rest();

      return;
    }

    const entries = entriesOf(items);
    const index = entries.indexOf(mark.nextElementSibling);
    const id = held.entry.dataset.entry;
    rest();
    drop(id, items.dataset.items, index < 0 ? entries.length : index);
  });
  // At the document where the list was drawn anew under the pointer.
  document.addEventListener('lostpointercapture', (event) => {
    if (held?.pointer === event.pointerId) {
      rest();
    }
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && held) {
      event.preventDefault();
      rest();
    }
  });

  /** Mark the place that the pointer is over. */
  function aim() {
    const items = document.elementFromPoint(held.x, held.y)?.closest('[data-items]');

    if (!items || !host.contains(items) || held.entry.contains(items)) {
      return;
    }

    const next = entriesOf(items).find((entry) => {
      const {top, height} = entry.getBoundingClientRect();

      return held.y < top + height / 2;
    }) ?? null;

    if (mark.parentElement !== items || mark.nextElementSibling !== next) {
      items.insertBefore(mark, next);
    }
  }

  /** Move the page along while the pointer is at its edge. */
  function follow() {
    if (!held?.isCarried) {
      return;
    }

    const step = held.y < EDGE_PX ? -STEP_PX : held.y > window.innerHeight - EDGE_PX ? STEP_PX : 0;

    if (step) {
      window.scrollBy(0, step);
      aim();
    }

    requestAnimationFrame(follow);
  }

  function rest() {
    const {entry, handle, pointer} = held;
    held = null;
    mark.remove();
    entry.classList.remove('sidecar-carried');

    if (handle.hasPointerCapture(pointer)) {
      handle.releasePointerCapture(pointer);
    }
  }
}

function entriesOf(items) {
  return [...items.children].filter((child) => 'entry' in child.dataset);
}
