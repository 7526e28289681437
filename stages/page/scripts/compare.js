// Original and pre-image against each other: side by side, in turn, cut, or subtracted.

import { choice, drawing, element } from "./elements.js";
import { acquire, hasPicture, release } from "./pictures.js";
import { change, one } from "./state.js";
import { originalOf, phraseOf, pictureOf, receptiveField, study } from "./study.js";

export const MODES = {
  side: "side by side",
  flicker: "flicker",
  slider: "slider",
  difference: "difference",
};
const TURN = 700;
const stage = element("div", { class: "stage" });
const tools = element("div", { class: "tools" });
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let timer = 0;
let held = [];
let factor = 4;

/** Return the parts of the lightbox that compare: the pictures and their controls. */
export function comparison() {
  return [modeButtons(), stage, tools];
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

/** Show a job's pictures in the mode that the address asks for. */
export function compare(job) {
  endComparison();
  const names = [originalOf(job), study.jobs.key[job]].filter(hasPicture);
  held = names;
  const images = names.map((name) =>
    element("img", { src: acquire(name), alt: alternative(job, name) }),
  );
  for (const button of document.querySelectorAll(".modes button")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === mode()));
    button.disabled = names.length < 2;
  }
  stage.className = `stage ${names.length < 2 ? "side" : mode()}`;
  tools.replaceChildren();
  const figures = images.map((image, i) =>
    element(
      "figure",
      {},
      frame(image, i === 0 && job),
      element("figcaption", {}, i ? "pre-image" : "original"),
    ),
  );
  stage.replaceChildren(...figures);
  if (names.length < 2) stage.append(element("p", {}, "There is no picture of this job."));
  else arrange[mode()](images, figures);
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
      "aria-label": "Share of the original that is shown",
    });
    const cut = () => (figures[1].style.clipPath = `inset(0 0 0 ${range.value}%)`);
    range.addEventListener("input", cut);
    cut();
    tools.append(element("span", {}, "original"), range, element("span", {}, "pre-image"));
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
    `Difference between original and pre-image, ${factor} times amplified`,
  );
  const pen = canvas.getContext("2d");
  pen.drawImage(preimage, 0, 0);
  pen.globalCompositeOperation = "difference";
  pen.drawImage(original, 0, 0, canvas.width, canvas.height);
  // Adding the canvas to itself doubles it; no pixel is read, so files may be drawn, too.
  pen.globalCompositeOperation = "lighter";
  for (let n = 1; n < factor; n *= 2) pen.drawImage(canvas, 0, 0);
}
