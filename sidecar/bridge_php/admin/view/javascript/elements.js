/** What the editors of conditions are made of: elements, and texts in the person's language. */

let last = 0;

/** An id that nothing else in the page has. */
export function newId() {
  return `sidecar-${++last}`;
}

/** An element; of `properties` those with a dash are attributes. Children that are null are left out. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);

  for (const [key, value] of Object.entries(properties)) {
    if (key.includes('-') || key === 'role') {
      made.setAttribute(key, value);
    } else {
      made[key] = value;
    }
  }

  made.append(...children.flat(Infinity).filter((child) => child !== null));

  return made;
}

/** One of Font Awesome's pictures, which nobody reads aloud. */
export function icon(name) {
  return element('i', {className: `fa-solid fa-${name}`, 'aria-hidden': 'true'});
}

/** A button that does something; `label` is for one that has a picture only, else ''. */
export function button(className, label, action, ...children) {
  const made = element('button', {type: 'button', className: `btn ${className}`}, ...children);

  if (label !== '') {
    made.title = label;
    made.setAttribute('aria-label', label);
  }

  made.addEventListener('click', action);

  return made;
}

/** A select of `[value, text]`; `change` is called with the value that is chosen. */
export function select(options, value, label, change) {
  const made = element('select', {className: 'form-select', 'aria-label': label}, options.map(([each, text]) => element('option', {value: each, selected: each === value}, text)));
  made.addEventListener('change', () => change(made.value));

  return made;
}

/** Texts by name, those of the page around `host` too; a `%s` in one becomes what is given. */
export function speaker(host, own) {
  const around = host.closest('[data-words]');
  const words = {...(around ? JSON.parse(around.dataset.words) : {}), ...own};
  const say = (name, ...given) => (words[name] ?? name).replace(/%s/g, () => given.shift() ?? '');
  say.has = (name) => name in words;

  return say;
}
