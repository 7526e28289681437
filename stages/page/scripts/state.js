// What is looked at, as the part of the address behind `#`: every view is a link.

import { LABELS, study } from "./study.js";

/** What the gallery can be filtered by. */
export const GALLERY_FILTERS = ["picture", ...LABELS];
let current = read();
const listeners = [];

function read() {
  const text = location.hash.slice(1);
  const values = new URLSearchParams(text.includes("=") ? text : "");
  // An address without a filter shows the first plate's pre-images, not all at once.
  const opened = values.has("all") || values.has("marked") || GALLERY_FILTERS.some((name) => values.has(name));
  if (!opened) addView(values, study.plates?.[0]?.view ?? {});
  values.delete("all");
  return values;
}

function addView(values, view) {
  for (const [name, texts] of Object.entries(view))
    for (const text of texts) values.append(name, text);
}

/** Return the first value of a name, or an empty text. */
export function one(name) {
  return current.get(name) ?? "";
}

/** Return all values of a name. */
export function all(name) {
  return current.getAll(name);
}

/** Call this whenever something changed, with the names that did. */
export function onChange(listener) {
  listeners.push(listener);
}

/**
 * Change values: a text, a list of texts, or nothing to take the name away.
 * @param {Object<string, (string|string[]|null)>} values
 * @param {{replace?: boolean}} [options] replace: without a step to go back to
 */
export function change(values, { replace = false } = {}) {
  const next = new URLSearchParams(current);
  // Where a link led to is no part of what is looked at from then on.
  next.delete("at");
  for (const [name, given] of Object.entries(values)) {
    next.delete(name);
    for (const text of [given ?? []].flat()) if (text !== "") next.append(name, text);
  }
  if (next.toString() === current.toString()) return;
  const address = `#${addressOf(next)}`;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  accept(next);
}

/** Return the values as an address: what shows without a word needs none. */
function addressOf(values) {
  const view = study.plates?.[0]?.view ?? {};
  const opening = Object.values(view).flat().length ? view : null;
  const has = (name) => values.has(name);
  if (!GALLERY_FILTERS.some(has)) return opening ? `all=&${values}` : `${values || "all="}`;
  const same = (name) => (opening?.[name] ?? []).join("\0") === values.getAll(name).join("\0");
  if (!GALLERY_FILTERS.every(same)) return `${values}`;
  const others = new URLSearchParams(values);
  for (const name of GALLERY_FILTERS) others.delete(name);
  return `${others}`;
}

function accept(next) {
  const names = new Set([...current.keys(), ...next.keys()]);
  const same = (name) => current.getAll(name).join("\0") === next.getAll(name).join("\0");
  const changed = new Set([...names].filter((name) => !same(name)));
  current = next;
  if (changed.size) for (const listener of listeners) listener(changed);
}

/** Take over the address when the reader goes back, forth, or follows a link. */
export function follow() {
  // An address without values names a place on the page: the view stays as it is.
  const changed = () => {
    if (location.hash.includes("=") || location.hash === "") accept(read());
  };
  addEventListener("popstate", changed);
  addEventListener("hashchange", changed);
}
