// Which pre-image stands where: a row a picture, a column a setting, and who is beside.

import { markedJobs } from "./marks.js";
import { mean, ordering } from "./numbers.js";
import { GALLERY_FILTERS, all, one } from "./state.js";
import { LABELS, depthOf, everyJob, jobValue, metricNamed, study } from "./study.js";

/** The rows and columns of what the gallery shows. */
export let places = { rows: [], columns: [] };

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

/**
 * Give each of these jobs its row and column from now on.
 * @param {number[]} jobs
 */
export function arrange(jobs) {
  places = { rows: rowsOf(jobs), columns: columnsOf(jobs) };
}

/** Return the job in this place, undefined if there is none. */
export function jobAt(row, column) {
  return places.rows[row]?.jobs.get(places.columns[column]?.key);
}

/** Return the jobs of the gallery row by row: the way that the arrow keys go. */
export function galleryOrder() {
  return places.rows.flatMap((row) =>
    places.columns.flatMap((column) => row.jobs.get(column.key) ?? []),
  );
}

/**
 * Return the jobs of the same picture, and those of the same setting, each in order.
 *
 * Of what the gallery shows, in its order; of the whole study if the job is not there.
 * @param {number} job
 */
export function around(job) {
  const order = galleryOrder();
  const pool = order.includes(job) ? order : byDepth();
  const same = (names) => (other) =>
    names.every((name) => study.jobs[name][other] === study.jobs[name][job]);
  return { settings: pool.filter(same(["image_id"])), pictures: pool.filter(same(LABELS)) };
}

/** Return the job so many places on in a list, around its ends. */
export function next(jobs, job, by) {
  const at = jobs.indexOf(job);
  return at < 0 ? undefined : jobs[(at + by + jobs.length) % jobs.length];
}

function byDepth() {
  return [...everyJob].sort((a, b) => depthOf(a) - depthOf(b));
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
