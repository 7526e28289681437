// All jobs as a table: only the drawn in view exist, so that thousands of them scroll.

import { choice, element } from "./elements.js";
import { downloadButtons } from "./exports.js";
import { openJob } from "./lightbox.js";
import { ordering, written } from "./numbers.js";
import { all, change, one, onChange } from "./state.js";
import { LABELS, choicesOf, everyJob, jobValue, study } from "./study.js";

const ROW = 34;
const BEYOND = 30;
const WORDS = ["picture", ...LABELS, "status"];
const CHOICES = WORDS.filter((name) => choicesOf(name).length > 1);
const viewport = document.getElementById("jobs-table");
const controls = document.getElementById("jobs-controls");
const tally = document.getElementById("jobs-count");
const body = element("tbody");
const columns = [
  ...WORDS.map((name) => ({ name, heading: name, isText: true })),
  ...study.metrics,
];
const headers = new Map();
const searched = everyJob.map((job) =>
  [...WORDS, "reason"]
    .map((name) => jobValue(job, name))
    .join(" ")
    .toLowerCase(),
);
let list = everyJob;
let drawn = new Map();

/** Return the jobs that the table lists, in its order. */
export function listedJobs() {
  return list;
}

/** Put the table on the page and keep it as the address says. */
export function startTable() {
  buildControls();
  const names = element("tr", {}, ...columns.map(header));
  const table = element(
    "table",
    { "aria-label": "All jobs" },
    element("thead", {}, names),
    body,
  );
  table.setAttribute("aria-rowcount", String(everyJob.length + 1));
  viewport.append(table);
  viewport.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(viewport);
  refresh();
  onChange((changed) => {
    if ([...changed].some((name) => name.startsWith("t-"))) refresh();
  });
}

function buildControls() {
  const search = element("input", {
    type: "search",
    id: "jobs-search",
    oninput: () => change({ "t-find": search.value }, { replace: true }),
  });
  controls.append(element("label", { class: "field" }, "search", search));
  const selects = CHOICES.map((name) => {
    const choices = [["", "all"], ...choicesOf(name).map((value) => [value, value])];
    const { field, select } = choice(name, choices, (value) =>
      change({ [`t-${name}`]: value }),
    );
    controls.append(field);
    return [name, select];
  });
  controls.append(...downloadButtons(columns, listedJobs));
  const restore = () => {
    if (search.value !== one("t-find")) search.value = one("t-find");
    for (const [name, select] of selects) select.value = one(`t-${name}`);
  };
  restore();
  onChange(restore);
}

function header(column) {
  const unit = column.isText || column.unit === "1" ? "" : column.unit;
  const button = element(
    "button",
    { type: "button", onclick: () => sortBy(column) },
    column.heading,
    element("small", {}, unit),
  );
  const made = element("th", { scope: "col", class: column.isText ? "text" : "" }, button);
  headers.set(column.name, made);
  return made;
}

/** Sort by a column: upwards, then downwards, then as the study has it. */
function sortBy({ name }) {
  if (one("t-sort") !== name) change({ "t-sort": name, "t-down": null });
  else if (one("t-down") !== "1") change({ "t-down": "1" });
  else change({ "t-sort": null, "t-down": null });
}

function refresh() {
  const terms = one("t-find").toLowerCase().split(/\s+/).filter(Boolean);
  const filters = CHOICES.filter((name) => all(`t-${name}`).length).map((name) => [
    name,
    one(`t-${name}`),
  ]);
  list = everyJob.filter(
    (job) =>
      terms.every((term) => searched[job].includes(term)) &&
      filters.every(([name, value]) => jobValue(job, name) === value),
  );
  const sort = headers.has(one("t-sort")) ? one("t-sort") : "";
  const down = one("t-down") === "1";
  if (sort) {
    const compare = ordering(down ? -1 : 1);
    list.sort((a, b) => compare(jobValue(a, sort), jobValue(b, sort)));
  }
  for (const [name, made] of headers)
    made.setAttribute("aria-sort", name !== sort ? "none" : down ? "descending" : "ascending");
  tally.textContent = `${list.length.toLocaleString("en-GB")} of ${everyJob.length.toLocaleString("en-GB")} jobs`;
  drawn = new Map();
  viewport.scrollTop = 0;
  draw();
}

/** Make the drawn in view, and some beyond; spaces stand for the others. */
function draw() {
  const first = Math.max(0, Math.floor(viewport.scrollTop / ROW) - BEYOND);
  const end = Math.min(
    list.length,
    Math.ceil((viewport.scrollTop + viewport.clientHeight) / ROW) + BEYOND,
  );
  const wanted = new Map();
  for (let at = first; at < end; at += 1) wanted.set(at, drawn.get(at) ?? row(at));
  const focused = document.activeElement;
  if (drawn.size !== wanted.size || [...wanted.keys()].some((at) => !drawn.has(at))) {
    body.replaceChildren(space(first), ...wanted.values(), space(list.length - end));
    // Moving a row takes its focus away.
    if (focused?.isConnected && body.contains(focused)) focused.focus({ preventScroll: true });
  }
  drawn = wanted;
}

function space(n) {
  const made = element("tr", { class: "space", "aria-hidden": "true" });
  made.style.height = `${n * ROW}px`;
  return made;
}

function row(at) {
  const job = list[at];
  const open = () => openJob(job, list);
  const cells = columns.map((column, i) => {
    if (!column.isText) return element("td", {}, written(study.jobs[column.name][job], column));
    const text = jobValue(job, column.name) ?? "–";
    return i === 0
      ? element("th", { scope: "row" }, element("button", { type: "button" }, text))
      : element("td", { class: "text" }, text);
  });
  return element("tr", { "aria-rowindex": at + 2, onclick: open }, ...cells);
}
