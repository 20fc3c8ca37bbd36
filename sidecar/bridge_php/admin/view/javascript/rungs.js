/**
 * A list that is put in order, by dragging or by its buttons.
 *
 *   <div data-rungs='["Gold", "Silver"]' data-command="rule.order">
 *     <input type="hidden" data-parameter="names" data-kind="json">
 *     <ol data-items><li data-entry="Gold"><span data-handle></span> … <button data-move="-1">up</button> <button data-move="1">down</button></li></ol>
 *     <button data-submit disabled>Save</button>
 *   </div>
 *
 * `data-rungs` is the order that is saved, the input says the one that is shown.
 */

// With the version that the page names: without it the browser would run the module twice.
const {carry} = await import(`./dragging.js${new URL(import.meta.url).search}`);

function rungsOf(list) {
  return [...list.querySelectorAll('[data-entry]')];
}

/** What the list says now. */
function tell(list) {
  const names = rungsOf(list).map((rung) => rung.dataset.entry);
  list.querySelector('[data-parameter="names"]').value = JSON.stringify(names);
  const given = JSON.parse(list.dataset.rungs);
  list.querySelector('[data-submit]').disabled = names.every((name, place) => name === given[place]);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-rungs] [data-move]');

  if (!button) {
    return;
  }

  const rung = button.closest('[data-entry]');
  const other = button.dataset.move === '1' ? rung.nextElementSibling : rung.previousElementSibling;

  if (other) {
    other[button.dataset.move === '1' ? 'after' : 'before'](rung);
    button.focus();
    tell(rung.closest('[data-rungs]'));
  }
});

// Of the document, as the list comes anew when its order is saved.
carry(document, (name, _, index) => {
  const list = document.querySelector('[data-rungs]');
  const rungs = rungsOf(list);
  const rung = rungs.find((each) => each.dataset.entry === name);
  rung.parentElement.insertBefore(rung, rungs[index] ?? null);
  tell(list);
});
