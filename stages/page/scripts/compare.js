// A pre-image against its original, or against the one that is pinned as A.

import { drawing, element } from "./elements.js";
import { acquire, hasPicture, release } from "./pictures.js";
import { pinnedJob } from "./pinned.js";
import { change, one } from "./state.js";
import { jobValue, originalOf, phraseOf, pictureOf, receptiveField, study } from "./study.js";
import { MODES, WAYS, endWay } from "./ways.js";

const stage = element("div", { class: "stage" });
const tools = element("div", { class: "tools" });
const against = element("div", { class: "modes", role: "group", "aria-label": "Compare with" });
let held = [];

/** Return the parts of the lightbox that compare: the pictures and their controls. */
export function comparison() {
  return [against, modeButtons(), stage, tools];
}

function modeButtons() {
  const buttons = Object.entries(MODES).map(([mode, text]) =>
    element(
      "button",
      {
        type: "button",
        "data-mode": mode,
        onclick: () => change({ compare: mode === "side" ? null : mode }, { replace: true }),
      },
      text,
    ),
  );
  return element(
    "div",
    { class: "modes", role: "group", "aria-label": "Way to compare" },
    ...buttons,
  );
}

/** Return the mode that the address asks for. */
export function mode() {
  return Object.hasOwn(MODES, one("compare")) ? one("compare") : "side";
}

/** Return the job that a job is compared with: A, unless the original is asked for. */
export function otherJob(job) {
  const pinned = one("with") === "original" ? undefined : pinnedJob();
  return pinned === job ? undefined : pinned;
}

/** Show a job's pictures in the mode that the address asks for. */
export function compare(job) {
  endComparison();
  offerA(job);
  const other = otherJob(job);
  const first = other === undefined ? originalOf(job) : study.jobs.key[other];
  const names = [first, study.jobs.key[job]].filter(hasPicture);
  held = names;
  const images = names.map((name, i) =>
    element("img", { src: acquire(name), alt: alternative(i || other === undefined ? job : other, name) }),
  );
  for (const button of document.querySelectorAll(".modes button[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === mode()));
    button.disabled = names.length < 2;
  }
  stage.className = `stage ${names.length < 2 ? "side" : mode()}`;
  tools.replaceChildren();
  const words = other === undefined ? ["original", "pre-image"] : [`A: ${wordsOf(other)}`, `B: ${wordsOf(job)}`];
  const figures = images.map((image, i) =>
    element(
      "figure",
      {},
      frame(image, names.length > 1 && i === 0 && other === undefined && job),
      element("figcaption", {}, names.length > 1 ? words[i] : ""),
    ),
  );
  stage.replaceChildren(...figures);
  if (names.length < 2) stage.append(element("p", {}, "There is no picture of this job."));
  else WAYS[mode()]({ images, figures, words, stage, tools });
}

function wordsOf(job) {
  return `${jobValue(job, "picture")}, ${phraseOf(job)}`;
}

/** Offer the original and A to compare with, where another job is pinned as A. */
function offerA(job) {
  const pinned = pinnedJob();
  against.hidden = pinned === undefined || pinned === job;
  if (against.hidden) return against.replaceChildren();
  const asked = one("with") === "original" ? "original" : null;
  const button = (text, value) =>
    element(
      "button",
      {
        type: "button",
        "aria-pressed": String(asked === value),
        onclick: () => change({ with: value }, { replace: true }),
      },
      text,
    );
  against.replaceChildren(button("against A", null), button("against the original", "original"));
}

function alternative(job, name) {
  const who = pictureOf(job).name;
  return name === study.jobs.key[job]
    ? `Pre-image of ${who}, ${phraseOf(job)}`
    : `${who}, the original`;
}

/** Free the pictures and stop what moves. */
export function endComparison() {
  endWay();
  held.forEach(release);
  held = [];
  stage.replaceChildren();
}

/** Return a picture with, over the original, the window of pixels that was seen. */
function frame(image, job) {
  const box = element("div", { class: "frame" }, image);
  const field = job === false ? null : receptiveField(job);
  if (!field || field.isWhole) return box;
  const [top, bottom, left, right] = field.window;
  const place = { x: left, y: top, width: right - left, height: bottom - top };
  box.append(
    drawing(
      "svg",
      {
        viewBox: `0 0 ${field.side} ${field.side}`,
        class: "field-drawn",
        "aria-hidden": "true",
      },
      drawing("rect", place),
    ),
  );
  return box;
}
