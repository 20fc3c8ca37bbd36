/**
 * Dragging rows and groups of a list to another place, within the list and into groups of it.
 *
 *   <div data-items="GROUP">
 *     <div data-entry="ID"><button data-handle draggable="true">…</button>…</div>
 *   </div>
 *
 * `drop(id, group, index)` is called with the place: before what is at `index` now.
 */

export function carry(host, drop) {
  const mark = document.createElement('div');
  mark.className = 'sidecar-drop';
  let dragged = null;

  host.addEventListener('dragstart', (event) => {
    const handle = event.target.closest?.('[data-handle]');
    dragged = handle?.closest('[data-entry]') ?? null;

    if (dragged) {
      event.dataTransfer.effectAllowed = 'move';
      // Without data Firefox does not drag.
      event.dataTransfer.setData('text/plain', '');
      event.dataTransfer.setDragImage(dragged, 0, 0);
    }
  });
  host.addEventListener('dragover', (event) => {
    const items = event.target.closest?.('[data-items]');

    if (!dragged || !items || !host.contains(items) || dragged.contains(items)) {
      return;
    }

    event.preventDefault();
    event.dataTransfer.dropEffect = 'move';
    const entries = entriesOf(items);
    const next = entries.find((entry) => {
      const {top, height} = entry.getBoundingClientRect();

      return event.clientY < top + height / 2;
    });

    if (mark.parentElement !== items || mark.nextElementSibling !== (next ?? null)) {
      items.insertBefore(mark, next ?? null);
    }
  });
  host.addEventListener('drop', (event) => {
    const items = mark.parentElement;

    if (dragged && items) {
      event.preventDefault();
      const entries = entriesOf(items);
      const index = entries.indexOf(mark.nextElementSibling);
      const id = Number(dragged.dataset.entry);
      dragged = null;
      mark.remove();
      drop(id, Number(items.dataset.items), index < 0 ? entries.length : index);
    }
  });
  host.addEventListener('dragend', () => {
    dragged = null;
    mark.remove();
  });
}

function entriesOf(items) {
  return [...items.children].filter((child) => 'entry' in child.dataset);
}
