// What the gallery shows, and in which order: its controls.

import { chosenJobs, galleryMetric } from "./arrangement.js";
import { definition } from "./definitions.js";
import { choice, element, tick } from "./elements.js";
import { plateButtons, toPlate } from "./plates.js";
import { GALLERY_FILTERS, all, change, one, onChange } from "./state.js";
import { choicesOf, study } from "./study.js";

const bar = document.getElementById("gallery-controls");
const SELECTS = ["representation", "channels", "region", "prior", "solver", "seed"];
const refreshers = [];
const meaningOf = element("span", { class: "meanings" });

/** Put the controls on the page and keep them as the address says. */
export function startControls() {
  const filters = [pictureSelect(), ...SELECTS.map(labelSelect), layerBoxes()];
  const reset = element(
    "button",
    { type: "button", class: "plain", onclick: showAll },
    "Show all",
  );
  bar.append(
    ...plateButtons(refreshers),
    element("div", { class: "row" }, ...filters.filter(Boolean), reset),
    element(
      "div",
      { class: "row" },
      metricSelect(),
      meaningOf,
      ...sortTicks(),
      tileRange(),
      pixelTick(),
      markedTick(),
    ),
  );
  document.addEventListener("click", toPlate);
  const refresh = () => refreshers.forEach((refresher) => refresher());
  refresh();
  // What the table is asked for, and the job that is open, change nothing here.
  const others = (name) => name.startsWith("t-") || ["job", "compare", "a", "with", "at"].includes(name);
  onChange((changed) => [...changed].every(others) || refresh());
}

function showAll() {
  const names = [...GALLERY_FILTERS, "sort", "worst", "metric", "marked"];
  change(Object.fromEntries(names.map((name) => [name, null])));
}

/** Show the marked pre-images alone, whatever was filtered before. */
function markedTick() {
  const none = Object.fromEntries(GALLERY_FILTERS.map((name) => [name, null]));
  const { field, box } = tick("marked only", (on) => change({ ...none, marked: on ? "1" : null }));
  refreshers.push(() => (box.checked = one("marked") === "1"));
  return field;
}

function tileRange() {
  const range = element("input", { type: "range", min: 64, max: 256, step: 16 });
  range.addEventListener("input", () => change({ tile: range.value }, { replace: true }));
  refreshers.push(() => (range.value = one("tile") || 112));
  return element("label", { class: "field" }, "size of pictures", range);
}

function pixelTick() {
  const { field, box } = tick("show pixels", (on) => change({ pixels: on ? "1" : null }));
  refreshers.push(() => (box.checked = one("pixels") === "1"));
  return field;
}

function pictureSelect() {
  const choices = study.pictures.map(({ id, name }) => [id, name]);
  return filterSelect("picture", choices);
}

function labelSelect(name) {
  const values = choicesOf(name);
  return values.length > 1
    ? filterSelect(
        name,
        values.map((value) => [value, value]),
      )
    : null;
}

function filterSelect(name, choices) {
  const some = [["", "any"], ...choices];
  const { field, select } = choice(name, some, (value) => change({ [name]: value }));
  const several = element("option", { value: "several", hidden: true }, "several");
  select.append(several);
  refreshers.push(() => {
    select.value = all(name).length > 1 ? "several" : one(name);
  });
  return field;
}

function layerBoxes() {
  if (choicesOf("layer").length < 2) return null;
  const boxes = element("div", { class: "boxes", role: "group", "aria-label": "layers" });
  const summary = element("summary", {});
  const details = element("details", {}, summary, boxes);
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape") details.open = false;
  });
  document.addEventListener("click", (event) => {
    if (!details.contains(event.target)) details.open = false;
  });
  refreshers.push(() => {
    summary.textContent = all("layer").join(", ") || "any";
    summary.setAttribute("aria-label", `layers: ${summary.textContent}`);
    fillBoxes(boxes);
  });
  return element("div", { class: "field" }, "layers", details);
}

/** Offer the layers of what the other filters leave; keep the focus where it is. */
function fillBoxes(boxes) {
  const focused = document.activeElement?.closest(".boxes") && document.activeElement.value;
  const layers = choicesOf("layer", chosenJobs("layer"));
  boxes.replaceChildren(...layers.map((layer) => layerBox(layer)));
  if (focused)
    [...boxes.querySelectorAll("input")].find((box) => box.value === focused)?.focus();
}

function layerBox(layer) {
  const { field, box } = tick(layer, (on) => {
    const others = all("layer").filter((other) => other !== layer);
    change({ layer: on ? [...others, layer] : others });
  });
  box.value = layer;
  box.checked = all("layer").includes(layer);
  return field;
}

function metricSelect() {
  const choices = study.metrics.map(({ name, heading }) => [name, heading]);
  const { field, select } = choice("number below", choices, (name) => change({ metric: name }));
  refreshers.push(() => {
    select.value = galleryMetric().name;
    meaningOf.replaceChildren(...definition(galleryMetric(), "?"));
  });
  return field;
}

function sortTicks() {
  const ticks = ["pictures", "columns"].map((what) => {
    const { field, box } = tick(`sort ${what} by it`, (on) => {
      const others = all("sort").filter((other) => other !== what);
      change({ sort: on ? [...others, what] : others });
    });
    refreshers.push(() => (box.checked = all("sort").includes(what)));
    return field;
  });
  const { field, box } = tick("worst first", (on) => change({ worst: on ? "1" : null }));
  refreshers.push(() => (box.checked = one("worst") === "1"));
  return [...ticks, field];
}
