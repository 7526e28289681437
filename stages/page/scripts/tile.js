// A cell of the gallery: a pre-image to pick, with a number; filled again and again.

import { element } from "./elements.js";
import { noteOf } from "./marks.js";
import { withUnit } from "./numbers.js";
import { forget, hasPicture, showSoon } from "./pictures.js";
import { jobValue, originalOf, phraseOf, study } from "./study.js";

const tileOfCell = new WeakMap();

/**
 * Fill a cell with a job's pre-image and its metric; with nothing for no job.
 * @param {?number} job
 * @param {Object} metric
 * @param {HTMLElement} [cell] one that this function made before
 */
export function filledTile(job, metric, cell = emptyTile()) {
  const tile = tileOfCell.get(cell);
  tile.job = job;
  cell.className = job === undefined ? "none" : "";
  if (job === undefined) {
    forget(cell);
    tile.button.remove();
    return cell;
  }
  const number = withUnit(study.jobs[metric.name][job], metric);
  const told = `${jobValue(job, "picture")}: ${phraseOf(job)}, ${metric.heading} ${number}`;
  tile.button.setAttribute("aria-label", told);
  tile.button.dataset.key = study.jobs.key[job];
  tile.number.nodeValue = number;
  fillButton(tile, job);
  if (!tile.button.parentNode) cell.append(tile.button);
  return cell;
}

/** Return the job of the cell that an element lies in, undefined if there is none. */
export function jobOfTile(inside) {
  return tileOfCell.get(inside.closest("td"))?.job;
}

/** Return what a button shows, and what while it is held; null if it has no picture. */
export function holdOfTile(button) {
  const { image, job } = tileOfCell.get(button.closest("td"));
  const own = study.jobs.key[job];
  return image.parentNode ? { image, own, other: originalOf(job) } : null;
}

/** Return a picture that cannot be dragged away. */
export function thumbnail(alt) {
  return element("img", { alt, draggable: "false", decoding: "async" });
}

function emptyTile() {
  const number = document.createTextNode("");
  const image = thumbnail("");
  const line = element("span", { class: "number" }, number);
  const button = element("button", { type: "button", class: "pick", tabindex: -1 }, image, line);
  const cell = element("td");
  tileOfCell.set(cell, { button, image, line, number, job: undefined });
  return cell;
}

/** Put into the button what belongs there; mostly it is there already. */
function fillButton({ button, image, line }, job) {
  const key = study.jobs.key[job];
  const has = hasPicture(key);
  if (has) showSoon(image, key);
  else forget(button);
  const more = [...badges(job)];
  if (has && !more.length && button.childNodes.length === 2 && image.parentNode) return;
  const picture = has ? image : element("span", { class: "absent" }, "no picture");
  button.replaceChildren(picture, line, ...more);
  button.classList.toggle("badged", more.length > 0);
}

function* badges(job) {
  const status = study.jobs.status[job];
  if (status !== "done") yield element("em", { class: "status" }, status);
  if (noteOf(job) !== undefined)
    yield element("span", { class: "star", role: "img", "aria-label": "marked" }, "★");
}
