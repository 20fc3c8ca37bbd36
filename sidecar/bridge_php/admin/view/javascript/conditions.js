/**
 * A condition as the builder edits it: groups and rows, read from the daemon's JSON and written back.
 *
 *   group  {id, join: 'all' | 'any' | 'none' | 'not all', nots, items: [group or row]}
 *   row    {id, leaf, nots}
 *
 * `nots` counts a `not` around it (beyond the one in `none` and `not all`). The outermost is always a
 * group. What is written is flat, as the daemon reads it: no "and" stands directly in an "and".
 */

const {fresh, isIncomplete} = await import(`./comparisons.js${new URL(import.meta.url).search}`);

const JOINS = {all: 'and', any: 'or', none: 'or', 'not all': 'and'};
const VERSION = 1;

let last = 0;

function row(leaf, nots = 0) {
  return {id: ++last, leaf, nots};
}

function group(join, items = [], nots = 0) {
  return {id: ++last, join, items, nots};
}

/** What a person begins with. */
export function emptyRow() {
  return row(fresh());
}

export function emptyGroup(join, items = []) {
  return group(join, items);
}

export function isGroup(entry) {
  return 'items' in entry;
}

/** The groups and rows of a document, or of null, which is no condition yet. */
export function read(document) {
  const entry = document ? entryOf(structuredClone(document.condition)) : group('all');

  return isGroup(entry) ? entry : group('all', [entry]);
}

function entryOf(node) {
  let nots = 0;

  while (node.node === 'not') {
    node = node.item;
    nots++;
  }

  if (node.node !== 'and' && node.node !== 'or') {
    return row(node, nots);
  }

  const joins = node.node === 'and' ? ['all', 'not all'] : ['any', 'none'];

  return group(joins[Math.min(nots, 1)], node.items.map(entryOf), Math.max(0, nots - 1));
}

/**
 * The document of groups and rows, and where each stands in it.
 *
 * @returns {{document: object|null, paths: Map<number, string>, isComplete: boolean}} `paths` by the
 *   entry's id, as `$.condition.items[0]`; groups without rows are left out
 */
export function write(root) {
  const nodes = new Map();
  const condition = nodeOf(root, nodes);

  if (!condition) {
    return {document: null, paths: new Map(), isComplete: true};
  }

  const places = new Map();
  findPlaces(condition, '$.condition', places);
  const paths = new Map();
  nodes.forEach((node, id) => paths.set(id, places.get(node)));

  return {document: {version: VERSION, condition}, paths, isComplete: !rowsOf(root).some(isUnfinished)};
}

function nodeOf(entry, nodes) {
  const [node, nots] = isGroup(entry) ? joined(entry, nodes) : [structuredClone(entry.leaf), entry.nots];

  if (!node) {
    return null;
  }

  let wrapped = node;

  for (let count = 0; count < nots; count++) {
    wrapped = {node: 'not', item: wrapped};
  }

  nodes.set(entry.id, wrapped);

  return wrapped;
}

/** The node of a group without its nots, and how many those are. */
function joined(entry, nodes) {
  const join = JOINS[entry.join];
  const nots = entry.nots + (entry.join === 'none' || entry.join === 'not all' ? 1 : 0);
  const parts = entry.items.map((item) => [item.id, nodeOf(item, nodes)]).filter(([, node]) => node !== null);

  if (parts.length < 2) {
    return [parts[0]?.[1] ?? null, nots];
  }

  const whole = {node: join, items: parts.flatMap(([, node]) => (node.node === join ? node.items : [node]))};
  // A group that was made flat is where the one around it is.
  parts.filter(([, node]) => node.node === join).forEach(([id]) => nodes.set(id, whole));

  return [whole, nots];
}

function findPlaces(node, path, places) {
  places.set(node, path);
  node.items?.forEach((item, index) => findPlaces(item, `${path}.items[${index}]`, places));

  if (node.node === 'not') {
    findPlaces(node.item, `${path}.item`, places);
  }
}

/** Whether an entry is a row that lacks something. */
export function isUnfinished(entry) {
  return !isGroup(entry) && isIncomplete(entry.leaf);
}

/** Every row, from the first to the last. */
export function rowsOf(entry) {
  return isGroup(entry) ? entry.items.flatMap(rowsOf) : [entry];
}

/** Of the group around an entry: the group, and the entry's place in it; undefined for the outermost. */
export function around(root, id) {
  const index = root.items.findIndex((item) => item.id === id);

  if (index >= 0) {
    return {parent: root, index};
  }

  return root.items.filter(isGroup).map((item) => around(item, id)).find(Boolean);
}

export function find(root, id) {
  const place = around(root, id);

  return root.id === id ? root : place?.parent.items[place.index];
}

/** The id of the row or group to which a problem's path leads; undefined where it is of none. */
export function idAt(root, paths, path) {
  let [best, longest] = [undefined, -1];
  const look = (entry) => {
    const place = paths.get(entry.id);

    // Of several at one place the innermost.
    if (place !== undefined && place.length >= longest && (path === place || /^[.[]/.test(path.slice(place.length))) && path.startsWith(place)) {
      [best, longest] = [entry.id, place.length];
    }

    entry.items?.forEach(look);
  };
  look(root);

  return best;
}

/** A copy of an entry that is another. */
export function copyOf(entry) {
  return isGroup(entry) ? group(entry.join, entry.items.map(copyOf), entry.nots) : row(structuredClone(entry.leaf), entry.nots);
}

/**
 * Move an entry one place up (-1) or down (1), into and out of groups on its way.
 *
 * @returns {boolean} whether there was anywhere to go
 */
export function step(root, id, by) {
  const {parent, index} = around(root, id);
  const next = parent.items[index + by];

  if (next && isGroup(next)) {
    const [entry] = parent.items.splice(index, 1);
    next.items.splice(by < 0 ? next.items.length : 0, 0, entry);
  } else if (next) {
    parent.items.splice(Math.min(index, index + by), 2, ...(by < 0 ? [parent.items[index], next] : [next, parent.items[index]]));
  } else {
    const outer = around(root, parent.id);

    if (!outer) {
      return false;
    }

    const [entry] = parent.items.splice(index, 1);
    outer.parent.items.splice(outer.index + (by < 0 ? 0 : 1), 0, entry);
  }

  return true;
}

/** Put an entry into a group before the item that is at `index` now; never into itself. */
export function moveTo(root, id, groupId, index) {
  const entry = find(root, id);
  const target = find(root, groupId);

  if (!entry || !target || entry.id === target.id || (isGroup(entry) && around(entry, target.id))) {
    return false;
  }

  const place = around(root, id);
  place.parent.items.splice(place.index, 1);
  target.items.splice(place.parent === target && place.index < index ? index - 1 : index, 0, entry);

  return true;
}

/** Whether two documents are the same condition, however they are written down. */
export function isSame(one, other) {
  return written(one) === written(other);
}

function written(document) {
  return document ? JSON.stringify(sorted(write(read(document)).document)) : '';
}

/** The same with its keys in one order, and without what is left to its default. */
function sorted(value) {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }

  if (value === null || typeof value !== 'object') {
    return value;
  }

  const kept = Object.entries(value).filter(([key, each]) => !(key === 'negated' && each === false) && !(key === 'filters' && each.length === 0));

  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]));
}
