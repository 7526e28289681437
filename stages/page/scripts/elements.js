// Elements made by hand: text is only ever set as text, never parsed as HTML.

/**
 * Return a new element.
 * @param {string} tag
 * @param {Object<string, *>} [properties] attributes; `onclick` and the like listen
 * @param {...(Node|string)} children
 * @returns {HTMLElement}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/**
 * Return a new element of a drawing.
 * @param {string} tag
 * @param {Object<string, *>} attributes
 * @param {...(Node|string)} children
 */
export function drawing(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * Return a labelled choice of one.
 * @param {string} label
 * @param {Array<[string, string]>} choices pairs of value and text
 * @param {function(string): void} chosen called with the new value
 */
export function choice(label, choices, chosen) {
  const options = choices.map(([value, text]) => element("option", { value }, text));
  const changed = () => chosen(select.value);
  // Named twice, as a label around a choice is read out with all of its options.
  const select = element("select", { "aria-label": label, onchange: changed }, ...options);
  return { field: element("label", { class: "field" }, label, select), select };
}

/**
 * Return a labelled box to tick.
 * @param {string} label
 * @param {function(boolean): void} ticked
 */
export function tick(label, ticked) {
  const box = element("input", { type: "checkbox", onchange: () => ticked(box.checked) });
  return { field: element("label", { class: "tick" }, box, label), box };
}
