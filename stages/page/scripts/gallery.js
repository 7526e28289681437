// The gallery: a row a picture, a column a cell of the study, the original always beside.

import { element } from "./elements.js";
import { heading } from "./headings.js";
import { holdable } from "./hold.js";
import { openJob } from "./lightbox.js";
import { mean, ordering, withUnit } from "./numbers.js";
import { forget, hasPicture, showInView } from "./pictures.js";
import { GALLERY_FILTERS, all, one, onChange } from "./state.js";
import {
  LABELS,
  depthOf,
  everyJob,
  jobValue,
  metricNamed,
  originalOf,
  phraseOf,
  study,
} from "./study.js";

const scroller = document.getElementById("matrix");
const count = document.getElementById("gallery-count");
let shown = { rows: [], columns: [] };
const rowOfElement = new WeakMap();

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
  return everyJob.filter((job) => wanted.every((filter) => passes(filter, job)));
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
  forget(scroller, scroller);
  observer.disconnect();
  const body = element("tbody", {}, ...shown.rows.map(rowElement));
  const head = heading(shown.columns.map((column) => column.jobs[0]));
  scroller.replaceChildren(element("table", { class: "cells" }, head, body));
  for (const row of body.rows) observer.observe(row);
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

function rowElement(row) {
  const made = element("tr", {}, rowHeading(row));
  rowOfElement.set(made, row);
  return made;
}

function rowHeading({ id, picture }) {
  const image = element("img", {
    alt: `${picture.name}, the original`,
    width: 112,
    height: 112,
  });
  showInView(image, `${id} ${study.form}`, scroller);
  const name = element("span", { class: "name", title: picture.about }, picture.name);
  return element("th", { scope: "row" }, image, name);
}

// Only rows near the view hold pre-images: a study may have thousands.
const observer = new IntersectionObserver(fill, { root: scroller, rootMargin: "900px" });

function fill(entries) {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting && target.cells.length === 1) {
      const { jobs } = rowOfElement.get(target);
      target.append(...shown.columns.map((column) => cell(jobs.get(column.key))));
    } else if (!isIntersecting && !target.contains(document.activeElement)) {
      for (const one of [...target.cells].slice(1)) {
        forget(one, scroller);
        one.remove();
      }
    }
  }
}

function cell(job) {
  if (job === undefined) return element("td", { class: "none" });
  const status = study.jobs.status[job];
  const metric = galleryMetric();
  const number = withUnit(study.jobs[metric.name][job], metric);
  const told = `${jobValue(job, "picture")}: ${phraseOf(job)}, ${metric.heading} ${number}`;
  const button = element("button", {
    class: "pick",
    "aria-label": told,
    onclick: () => openJob(job, galleryOrder()),
  });
  button.append(preimage(job, button), element("span", { class: "number" }, number));
  if (status !== "done") button.append(element("em", { class: "status" }, status));
  button.dataset.key = study.jobs.key[job];
  return element("td", {}, button);
}

function preimage(job, button) {
  const key = study.jobs.key[job];
  if (!hasPicture(key)) return element("span", { class: "absent" }, "no picture");
  const image = element("img", { alt: "", width: 112, height: 112, draggable: "false" });
  showInView(image, key, scroller);
  holdable(button, image, key, originalOf(job));
  return image;
}

/** Show the pictures as large, and as smooth, as the address says. */
function dress() {
  scroller.style.setProperty("--tile", `${one("tile") || 112}px`);
  document.documentElement.classList.toggle("pixels", one("pixels") === "1");
}

/** Keep the gallery as the address says. */
export function startGallery() {
  const own = new Set([...GALLERY_FILTERS, "metric", "sort", "worst"]);
  dress();
  showGallery();
  onChange((changed) => {
    dress();
    if ([...changed].some((name) => own.has(name))) showGallery();
  });
}
