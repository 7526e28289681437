// All jobs as a table: search, filters and order; only what is in view exists.

import { definition } from "./definitions.js";
import { choice, element } from "./elements.js";
import { downloadButtons } from "./exports.js";
import { openJob } from "./lightbox.js";
import { ordering, written } from "./numbers.js";
import { all, change, one, onChange } from "./state.js";
import { LABELS, choicesOf, everyJob, jobValue, study } from "./study.js";
import { columnWidths, viewportGrid } from "./viewport.js";

const ROW = 34;
const WIDTHS = { picture: 190, text: 124, number: 104, letter: 8, beside: 22 };
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
const widths = columns.map(({ name, isText }) =>
  isText ? (WIDTHS[name] ?? wordWidth(name)) : WIDTHS.number,
);
const headers = new Map();
const searched = everyJob.map((job) =>
  [...WORDS, "reason"]
    .map((name) => jobValue(job, name))
    .join(" ")
    .toLowerCase(),
);
let list = everyJob;
let grid = null;

/** Return the width of a column of words: that of the longest, within bounds. */
function wordWidth(name) {
  const lengths = [name, ...choicesOf(name)].map((word) => String(word).length);
  return Math.min(WIDTHS.text, WIDTHS.beside + WIDTHS.letter * Math.max(...lengths));
}

/** Return the jobs that the table lists, in its order. */
export function listedJobs() {
  return list;
}

/** Put the table on the page and keep it as the address says. */
export function startTable() {
  buildControls();
  const table = element(
    "table",
    { "aria-label": "All jobs" },
    columnWidths(widths),
    element("thead", {}, element("tr", { "aria-rowindex": 1 }, ...columns.map(header))),
    body,
  );
  table.style.width = `${widths.reduce((sum, width) => sum + width, 0)}px`;
  table.setAttribute("aria-colcount", String(columns.length));
  viewport.append(table);
  grid = viewportGrid(viewport, body, { heading: jobHeading, cell: jobCell });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr[aria-rowindex]");
    if (row) openJob(list[row.getAttribute("aria-rowindex") - 2], list);
  });
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
    const choices = [["", "any"], ...choicesOf(name).map((value) => [value, value])];
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

function header(column, at) {
  const unit = column.isText || column.unit === "1" ? "" : column.unit;
  const button = element(
    "button",
    { type: "button", onclick: () => sortBy(column) },
    column.heading,
    element("small", {}, unit),
  );
  const properties = { scope: "col", class: column.isText ? "text" : "" };
  const meaning = column.isText ? [] : definition(column, "?");
  const made = element("th", { ...properties, "aria-colindex": at + 1 }, button, ...meaning);
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
  const sort = headers.has(one("t-sort")) ? one("t-sort") : "";
  const down = one("t-down") === "1";
  list = foundJobs();
  if (sort) list = inOrder(list, sort, down);
  for (const [name, made] of headers)
    made.setAttribute("aria-sort", name !== sort ? "none" : down ? "descending" : "ascending");
  const n = (jobs) => jobs.length.toLocaleString("en-GB");
  tally.textContent = `${n(list)} of ${n(everyJob)} jobs`;
  viewport.firstElementChild.setAttribute("aria-rowcount", String(list.length + 1));
  viewport.scrollTop = 0;
  grid.renew({ n: list.length, height: ROW, starts: startsOf(widths.slice(1)) });
}

function foundJobs() {
  const terms = one("t-find").toLowerCase().split(/\s+/).filter(Boolean);
  const filters = CHOICES.filter((name) => all(`t-${name}`).length);
  const wanted = filters.map((name) => [name, one(`t-${name}`)]);
  return everyJob.filter(
    (job) =>
      terms.every((term) => searched[job].includes(term)) &&
      wanted.every(([name, value]) => jobValue(job, name) === value),
  );
}

function inOrder(jobs, name, down) {
  const compare = ordering(down ? -1 : 1);
  const keyed = jobs.map((job) => [jobValue(job, name), job]);
  return keyed.sort((a, b) => compare(a[0], b[0])).map(([, job]) => job);
}

/** Return where columns of these widths begin, and where the last one ends. */
function startsOf(given) {
  const starts = [0];
  for (const width of given) starts.push(starts.at(-1) + width);
  return starts;
}

function jobHeading(at, cell = newJobHeading()) {
  cell.firstChild.textContent = jobValue(list[at], columns[0].name) ?? "–";
  return cell;
}

function newJobHeading() {
  const button = element("button", { type: "button" });
  return element("th", { scope: "row", "aria-colindex": 1 }, button);
}

function jobCell(at, place, cell = element("td", {}, "")) {
  const column = columns[place + 1];
  const value = jobValue(list[at], column.name);
  const name = column.isText ? "text" : "";
  if (cell.className !== name) cell.className = name;
  cell.firstChild.nodeValue = column.isText ? (value ?? "–") : written(value, column);
  return cell;
}
