// From plates to the gallery: each plate's pre-images by a button or a link.

import { element } from "./elements.js";
import { goTo } from "./navigation.js";
import { GALLERY_FILTERS, all, change } from "./state.js";
import { study } from "./study.js";

/**
 * Return buttons that show what a plate is drawn from.
 * @param {Array<function(): void>} refreshers gets what keeps the buttons up to date
 */
export function plateButtons(refreshers) {
  const plates = study.plates ?? [];
  if (!plates.length) return [];
  const buttons = plates.map(({ title }, n) => {
    const properties = { type: "button", class: "plain", title, "aria-label": `Plate ${n + 1}: ${title}` };
    const button = element("button", { ...properties, onclick: () => showPlate(n) }, `${n + 1}`);
    refreshers.push(() => button.setAttribute("aria-pressed", String(isShown(plates[n].view))));
    return button;
  });
  const label = { class: "plates", role: "group", "aria-label": "Pre-images of a plate" };
  return [element("div", label, "Plate", ...buttons)];
}

function showPlate(number) {
  const none = Object.fromEntries(GALLERY_FILTERS.map((name) => [name, null]));
  change({ ...none, ...study.plates[number].view });
}

function isShown(view) {
  const same = (name) => (view[name] ?? []).join("\0") === all(name).join("\0");
  return GALLERY_FILTERS.every(same);
}

/** Follow a link from a plate to its pre-images in the gallery. */
export function toPlate(event) {
  const link = event.target.closest("[data-plate]");
  if (!link) return;
  event.preventDefault();
  showPlate(Number(link.dataset.plate));
  goTo(document.getElementById("gallery"));
}
