// What is told of a job below its pictures: its field, its state, its trace.

import { drawing, element } from "./elements.js";
import { isInside, notes } from "./pictures.js";
import { receptiveField, study } from "./study.js";

const TERMS = ["data term", "alpha-norm term", "TV term", "pull of the denoiser"];
const WIDTH = 320;
const HEIGHT = 140;

/** Return what is told of a job below its pictures: its field, its state, its trace. */
export function jobHistory(job) {
  const { status, reason } = study.jobs;
  const parts = [
    element("p", { class: "details" }, fieldText(job)),
    element("h3", {}, "Optimisation"),
    trace(job),
  ];
  if (status[job] !== "done" || reason[job]) {
    parts.unshift(
      element("p", { class: "notice" }, [status[job], reason[job]].filter(Boolean).join(": ")),
    );
  }
  return parts;
}

function fieldText(job) {
  const field = receptiveField(job);
  if (!field) return "";
  if (field.isWhole) return "What is inverted sees all of the picture.";
  const [top, bottom, left, right] = field.window;
  return `The frame over the original: what is inverted sees rows ${top} to ${bottom - 1} and columns ${left} to ${right - 1} of ${field.side}.`;
}

/** Return the terms of the objective along the steps, on a logarithmic scale. */
function trace(job) {
  const key = study.jobs.key[job];
  const [steps, ...terms] = notes(key) ?? [[]];
  if (steps.length < 2) {
    const why = isInside(key)
      ? "There is no trace of this job."
      : "The traces of pictures beside this file are not in it.";
    return element("p", { class: "details" }, why);
  }
  const positive = terms.flat().filter((value) => value > 0);
  if (!positive.length) return element("p", { class: "details" }, "All terms are zero.");
  const low = Math.log10(Math.min(...positive, Math.max(...positive) / 10));
  const high = Math.log10(Math.max(...positive));
  const x = (step) => 44 + ((WIDTH - 54) * step) / (steps.at(-1) || 1);
  const y = (value) => 8 + (HEIGHT - 32) * (1 - (Math.log10(value) - low) / (high - low || 1));
  const lines = terms.map((values, term) => line(steps, values, x, y, term)).filter(Boolean);
  const label = `Terms of the objective over ${steps.at(-1)} steps: data term from ${terms[0][0]} to ${terms[0].at(-1)}`;
  const chart = drawing(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "trace", role: "img", "aria-label": label },
    ...axes(low, high, steps, x, y),
    ...lines,
  );
  return element("div", {}, chart, legend(lines));
}

function line(steps, values, x, y, term) {
  const points = steps.map((step, i) => [step, values[i]]).filter(([, value]) => value > 0);
  if (!points.length) return null;
  const text = points
    .map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`)
    .join(" ");
  return drawing("polyline", { points: text, class: `term term-${term}` });
}

function axes(low, high, steps, x, y) {
  const marks = [low, high].map((power) => {
    const text = (10 ** power).toPrecision(1);
    return drawing(
      "text",
      { x: 40, y: y(10 ** power) + 4, "text-anchor": "end" },
      Number(text).toString(),
    );
  });
  const frame = drawing("path", { d: `M44 8V${HEIGHT - 24}H${WIDTH - 10}`, class: "axis" });
  const ends = [
    drawing("text", { x: x(0), y: HEIGHT - 8 }, "0"),
    drawing(
      "text",
      { x: x(steps.at(-1)), y: HEIGHT - 8, "text-anchor": "end" },
      `${steps.at(-1)} steps`,
    ),
  ];
  return [frame, ...marks, ...ends];
}

function legend(lines) {
  const shown = lines.map((one) => Number(one.getAttribute("class").at(-1)));
  const keys = shown.map((term) =>
    element(
      "li",
      {},
      drawing(
        "svg",
        { viewBox: "0 0 24 8", "aria-hidden": "true" },
        drawing("path", { d: "M0 4H24", class: `term term-${term}` }),
      ),
      TERMS[term],
    ),
  );
  return element("ul", { class: "legend" }, ...keys);
}
