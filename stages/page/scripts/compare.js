// A pre-image against its original, or against the one pinned as A: side by side, held,
// in turn, cut, or subtracted.

import { choice, drawing, element } from "./elements.js";
import { acquire, hasPicture, release } from "./pictures.js";
import { pinnedJob } from "./pinned.js";
import { change, one } from "./state.js";
import { jobValue, originalOf, phraseOf, pictureOf, receptiveField, study } from "./study.js";

export const MODES = {
  side: "side by side",
  hold: "hold",
  flicker: "flicker",
  slider: "slider",
  difference: "difference",
};
const TURN = 700;
const stage = element("div", { class: "stage" });
const tools = element("div", { class: "tools" });
const against = element("div", { class: "modes", role: "group", "aria-label": "Compare with" });
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let timer = 0;
let held = [];
let factor = 4;
let words = [];

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
    element("img", { src: acquire(name), alt: alternative(i || !other ? job : other, name) }),
  );
  for (const button of document.querySelectorAll(".modes button[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === mode()));
    button.disabled = names.length < 2;
  }
  stage.className = `stage ${names.length < 2 ? "side" : mode()}`;
  tools.replaceChildren();
  words = other === undefined ? ["original", "pre-image"] : [`A: ${wordsOf(other)}`, `B: ${wordsOf(job)}`];
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
  else arrange[mode()](images, figures);
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
  clearInterval(timer);
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

const arrange = {
  side() {},

  hold(images, figures) {
    const turn = (isHeld) => {
      figures[0].hidden = !isHeld;
      figures[1].hidden = isHeld;
    };
    turn(false);
    const button = element("button", { type: "button", class: "plain" }, `Hold to see ${words[0]}`);
    const ends = ["pointerup", "pointercancel", "pointerleave", "blur", "keyup"];
    for (const name of ends) button.addEventListener(name, () => turn(false));
    button.addEventListener("pointerdown", () => turn(true));
    button.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && turn(true));
    tools.append(button);
  },

  flicker(images, figures) {
    let second = true;
    const turn = () => {
      second = !second;
      figures[0].hidden = second;
      figures[1].hidden = !second;
    };
    turn();
    tools.append(
      element("button", { type: "button", class: "plain", onclick: turn }, "Switch"),
    );
    if (!calm.matches) timer = setInterval(turn, TURN);
  },

  slider(images, figures) {
    const range = element("input", {
      type: "range",
      min: 0,
      max: 100,
      value: 50,
      "aria-label": `Share of ${words[0]} that is shown`,
    });
    const cut = () => (figures[1].style.clipPath = `inset(0 0 0 ${range.value}%)`);
    range.addEventListener("input", cut);
    cut();
    tools.append(element("span", {}, words[0]), range, element("span", {}, words[1]));
  },

  difference(images) {
    const canvas = element("canvas", { role: "img" });
    const draw = () => subtract(canvas, images);
    const choices = [1, 2, 4, 8].map((n) => [String(n), `${n} ×`]);
    const { field, select } = choice("amplified", choices, (value) => {
      factor = Number(value);
      draw();
    });
    select.value = String(factor);
    tools.append(field);
    stage.replaceChildren(
      element(
        "figure",
        {},
        element("div", { class: "frame" }, canvas),
        element("figcaption", {}, "absolute difference of the thumbnails"),
      ),
    );
    Promise.all(images.map((image) => image.decode())).then(draw, () => {});
  },
};

/** Draw |pre-image − original| times the factor: what is alike is black. */
function subtract(canvas, [original, preimage]) {
  canvas.width = preimage.naturalWidth;
  canvas.height = preimage.naturalHeight;
  canvas.setAttribute(
    "aria-label",
    `Difference between ${words.join(" and ")}, ${factor} times amplified`,
  );
  const pen = canvas.getContext("2d");
  pen.drawImage(preimage, 0, 0);
  pen.globalCompositeOperation = "difference";
  pen.drawImage(original, 0, 0, canvas.width, canvas.height);
  // Adding the canvas to itself doubles it; no pixel is read, so files may be drawn, too.
  pen.globalCompositeOperation = "lighter";
  for (let n = 1; n < factor; n *= 2) pen.drawImage(canvas, 0, 0);
}
