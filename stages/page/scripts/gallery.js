// The gallery: a row a picture, a column a cell of the study, the original always beside.

import { arrange, chosenJobs, galleryMetric, galleryOrder, jobAt, places } from "./arrangement.js";
import { element } from "./elements.js";
import { heading } from "./headings.js";
import { letHold } from "./hold.js";
import { openJob } from "./lightbox.js";
import { onMarks } from "./marks.js";
import { forget, showSoon } from "./pictures.js";
import { reachable } from "./roving.js";
import { GALLERY_FILTERS, all, one, onChange } from "./state.js";
import { study } from "./study.js";
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
let tileGrid = null;

/** Show the pre-images that the filters leave. */
function showGallery() {
  const jobs = chosenJobs();
  arrange(jobs);
  const width = tileWidth() + BESIDE;
  const n = places.columns.length;
  const head = heading(places.columns.map((column) => column.jobs[0]));
  tiles.replaceChildren(columnWidths(Array(n + 1).fill(width)), head, tilesBody);
  tiles.style.width = `${(n + 1) * width}px`;
  tiles.setAttribute("aria-rowcount", String(places.rows.length + 1));
  tiles.setAttribute("aria-colcount", String(n + 1));
  const starts = Array.from({ length: n + 1 }, (_, column) => column * width);
  tileGrid.renew({ n: places.rows.length, height: tileWidth() + BELOW, starts });
  count.textContent = `${jobs.length.toLocaleString("en-GB")} pre-images of ${places.rows.length} pictures shown`;
}

function tileHeading(at, cell = newHeading()) {
  const { id, picture } = places.rows[at];
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
  const reach = reachable(tiles, jobAt, () => [places.rows.length, places.columns.length]);
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
