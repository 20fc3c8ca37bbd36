/**
 * A list that is put in order, by dragging or by its buttons.
 *
 *   <div data-rungs='["Gold", "Silver"]' data-command="rule.order">
 *     <input type="hidden" data-parameter="names" data-kind="json">
 *     <ol><li draggable="true" data-rung="Gold">… <button data-move="-1">up</button> <button data-move="1">down</button></li></ol>
 *     <button data-submit disabled>Save</button>
 *   </div>
 *
 * `data-rungs` is the order that is saved, the input says the one that is shown.
 */

let dragged = null;

/** What the list says now. */
function tell(list) {
  const names = [...list.querySelectorAll('[data-rung]')].map((rung) => rung.dataset.rung);
  list.querySelector('[data-parameter="names"]').value = JSON.stringify(names);
  const given = JSON.parse(list.dataset.rungs);
  list.querySelector('[data-submit]').disabled = names.every((name, place) => name === given[place]);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-rungs] [data-move]');

  if (!button) {
    return;
  }

  const rung = button.closest('[data-rung]');
  const other = button.dataset.move === '1' ? rung.nextElementSibling : rung.previousElementSibling;

  if (other) {
    other[button.dataset.move === '1' ? 'after' : 'before'](rung);
    button.focus();
    tell(rung.closest('[data-rungs]'));
  }
});

document.addEventListener('dragstart', (event) => {
  dragged = event.target.closest?.('[data-rungs] [data-rung]') ?? null;

  if (dragged) {
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', dragged.dataset.rung);
  }
});

document.addEventListener('dragover', (event) => {
  const over = event.target.closest?.('[data-rungs] [data-rung]');

  if (dragged === null || !over || over.closest('[data-rungs]') !== dragged.closest('[data-rungs]')) {
    return;
  }

  event.preventDefault();

  if (over !== dragged) {
    const box = over.getBoundingClientRect();
    over[event.clientY > box.top + box.height / 2 ? 'after' : 'before'](dragged);
  }
});

document.addEventListener('dragend', () => {
  if (dragged) {
    tell(dragged.closest('[data-rungs]'));
    dragged = null;
  }
});
