// The gallery: a row a picture, a column a cell of the study, the original always beside.

import { element } from "./elements.js";
import { heading } from "./headings.js";
import { letHold } from "./hold.js";
import { openJob } from "./lightbox.js";
import { markedJobs, onMarks } from "./marks.js";
import { mean, ordering } from "./numbers.js";
import { forget, showSoon } from "./pictures.js";
import { reachable } from "./roving.js";
import { GALLERY_FILTERS, all, one, onChange } from "./state.js";
import {
  LABELS,
  depthOf,
  everyJob,
  jobValue,
  metricNamed,
  study,
} from "./study.js";
import { filledTile, holdOfTile, jobOfTile, thumbnail } from "./tile.js";
import { columnWidths, viewportGrid } from "./viewport.js";

const scroller = document.getElementById("matrix");
const count = document.getElementById("gallery-count");
const tilesBody = element("tbody");
const tiles = element("table", { class: "cells", role: "grid", "aria-label": "Pre-images" });
// Sides of tiles, and what stands beside and below them, in pixels (see the styles).
const TILE = 112;
const BESIDE = 16;
const BELOW = 60;
let shown = { rows: [], columns: [] };
let tileGrid = null;

/** Return the metric that the gallery shows and sorts by. */
export function galleryMetric() {
  return metricNamed(one("metric"));
}

/** Return the jobs that the filters leave, but for the filter of `except`. */
export function chosenJobs(except = "") {
  const active = GALLERY_FILTERS.filter((name) => name !== except && all(name).length);
  const wanted = active.map((name) => [name, new Set(all(name))]);
  const passes = ([name, values], job) =>
    values.has(name === "picture" ? study.jobs.image_id[job] : jobValue(job, name));
  const pool = one("marked") === "1" ? markedJobs().sort((a, b) => a - b) : everyJob;
  return pool.filter((job) => wanted.every((filter) => passes(filter, job)));
}

/** Return the jobs of the gallery row by row: the way that the arrow keys go. */
export function galleryOrder() {
  return shown.rows.flatMap((row) =>
    shown.columns.flatMap((column) => row.jobs.get(column.key) ?? []),
  );
}

/** Show the pre-images that the filters leave. */
export function showGallery() {
  const jobs = chosenJobs();
  shown = { rows: rowsOf(jobs), columns: columnsOf(jobs) };
  const width = tileWidth() + BESIDE;
  const n = shown.columns.length;
  const head = heading(shown.columns.map((column) => column.jobs[0]));
  tiles.replaceChildren(columnWidths(Array(n + 1).fill(width)), head, tilesBody);
  tiles.style.width = `${(n + 1) * width}px`;
  tiles.setAttribute("aria-rowcount", String(shown.rows.length + 1));
  tiles.setAttribute("aria-colcount", String(n + 1));
  const starts = Array.from({ length: n + 1 }, (_, column) => column * width);
  tileGrid.renew({ n: shown.rows.length, height: tileWidth() + BELOW, starts });
  count.textContent = `${jobs.length.toLocaleString("en-GB")} pre-images of ${shown.rows.length} pictures shown`;
}

function columnsOf(jobs) {
  const byKey = new Map();
  for (const job of jobs) {
    const key = columnKey(job);
    if (!byKey.has(key)) byKey.set(key, { key, jobs: [], depth: depthOf(job) });
    byKey.get(key).jobs.push(job);
  }
  const columns = [...byKey.values()].sort((a, b) => a.depth - b.depth);
  return all("sort").includes("columns") ? sorted(columns) : columns;
}

function rowsOf(jobs) {
  const byPicture = new Map();
  for (const job of jobs) {
    const id = study.jobs.image_id[job];
    if (!byPicture.has(id)) byPicture.set(id, { id, jobs: new Map() });
    byPicture.get(id).jobs.set(columnKey(job), job);
  }
  const known = study.pictures.filter((picture) => byPicture.has(picture.id));
  const rows = known.map((picture) => ({ ...byPicture.get(picture.id), picture }));
  return all("sort").includes("pictures") ? sorted(rows) : rows;
}

function columnKey(job) {
  return LABELS.map((name) => study.jobs[name][job]).join("\0");
}

/** Return rows or columns by the mean of the metric, the better end first. */
function sorted(items) {
  const metric = galleryMetric();
  const values = study.jobs[metric.name];
  const sign = (metric.better === "higher") !== (one("worst") === "1") ? -1 : 1;
  const keyed = items.map((item) => [
    mean([...item.jobs.values()].map((job) => values[job])),
    item,
  ]);
  const compare = ordering(sign);
  return keyed.sort((a, b) => compare(a[0], b[0])).map(([, item]) => item);
}

function tileHeading(at, cell = newHeading()) {
  const { id, picture } = shown.rows[at];
  const [image, name] = cell.children;
  image.alt = `${picture.name}, the original`;
  showSoon(image, `${id} ${study.form}`);
  name.title = picture.about;
  name.replaceChildren(...breakable(picture.name));
  return cell;
}

function newHeading() {
  const name = element("span", { class: "name" });
  return element("th", { scope: "row", "aria-colindex": 1 }, thumbnail(""), name);
}

/** Return a name that may break after its underscores, so that no word is torn. */
function breakable(name) {
  const [first, ...rest] = name.split(/(?<=_)/);
  return [first, ...rest.flatMap((part) => [element("wbr"), part])];
}

/** Return the job in this place, undefined if there is none. */
function jobAt(row, column) {
  return shown.rows[row]?.jobs.get(shown.columns[column]?.key);
}

function cellAt(row, column, free) {
  return filledTile(jobAt(row, column), galleryMetric(), free);
}

/** Return the side of a picture in pixels. */
function tileWidth() {
  return Number(one("tile")) || TILE;
}

/** Show the pictures as large, and as smooth, as the address says. */
function dress() {
  scroller.style.setProperty("--tile", `${tileWidth()}px`);
  document.documentElement.classList.toggle("pixels", one("pixels") === "1");
}

/** Keep the gallery as the address says. */
export function startGallery() {
  const own = new Set([...GALLERY_FILTERS, "metric", "sort", "worst", "tile", "marked"]);
  scroller.append(tiles);
  tiles.append(tilesBody);
  letHold(tiles, holdOfTile);
  tiles.addEventListener("click", ({ target }) => {
    const job = target.closest(".pick") ? jobOfTile(target) : undefined;
    if (job !== undefined) openJob(job, galleryOrder());
  });
  const reach = reachable(tiles, jobAt, () => [shown.rows.length, shown.columns.length]);
  tileGrid = viewportGrid(scroller, tilesBody, {
    heading: tileHeading,
    cell: cellAt,
    dropped: forget,
    drawn: () => reach(tileGrid),
  });
  dress();
  showGallery();
  onMarks(showGallery);
  onChange((changed) => {
    dress();
    if ([...changed].some((name) => own.has(name))) showGallery();
  });
}
