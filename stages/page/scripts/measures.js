// The metrics of a job in four groups: better direction, floors drawn, another job's.

import { arrow, definition } from "./definitions.js";
import { drawing, element } from "./elements.js";
import { written } from "./numbers.js";
import { floorsOf, study } from "./study.js";

const GROUPS = ["code", "pixels", "perception", "optimisation"];
const SCALE_WIDTH = 132;
const SCALE_HEIGHT = 18;
const EDGE = 7;

/**
 * Return a job's metrics, a table a group.
 * @param {number} job
 * @param {number} [other] a job whose values stand beside
 */
export function measures(job, other) {
  const known = study.metrics.filter(({ name }) => study.jobs[name][job] !== null);
  const tables = GROUPS.map((group) => {
    const own = known.filter((metric) => metric.group === group);
    return own.length ? groupTable(group, own, job, other) : "";
  });
  return element("div", { class: "measures" }, ...tables, floorsKey(job));
}

function groupTable(group, metrics, job, other) {
  const heads = [group, "value", ...(other === undefined ? [] : ["A"]), "against the floors"];
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const lines = metrics.map((metric) => metricLine(metric, job, other));
  return element(
    "table",
    { class: "metrics", "aria-label": `Metrics: ${group}` },
    element("thead", {}, head),
    element("tbody", {}, ...lines),
  );
}

function metricLine(metric, job, other) {
  const value = study.jobs[metric.name][job];
  const second = other === undefined ? null : study.jobs[metric.name][other];
  const cells = [element("td", { class: "own" }, written(value, metric))];
  if (other !== undefined) cells.push(element("td", {}, written(second, metric)));
  const unit = element("small", {}, metric.unit === "1" ? "" : metric.unit);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, ...definition(metric), " ", unit, " ", arrow(metric)),
    ...cells,
    element("td", {}, scale(metric, value, second, floorsOf(job))),
  );
}

/** Return the value among the floors on a line of its own, from the worst to the best. */
function scale(metric, value, other, rows) {
  const floors = rows
    .map((row) => [study.baselines.baseline[row], study.baselines[metric.name][row]])
    .filter(([, floor]) => Number.isFinite(floor));
  if (!floors.length || !Number.isFinite(value)) return "";
  const values = [value, ...floors.map(([, floor]) => floor)];
  if (Number.isFinite(other) && other !== null) values.push(other);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (at) => EDGE + ((SCALE_WIDTH - 2 * EDGE) * (at - low)) / (high - low || 1);
  const marks = floors.map(([, floor]) =>
    drawing("line", { x1: x(floor), x2: x(floor), y1: 3, y2: SCALE_HEIGHT - 3, class: "floor-mark" }),
  );
  const second =
    Number.isFinite(other) && other !== null
      ? [drawing("circle", { cx: x(other), cy: SCALE_HEIGHT / 2, r: 4, class: "other-mark" })]
      : [];
  const told = floors.map(([name, floor]) => `${name} ${written(floor, metric)}`).join(", ");
  return drawing(
    "svg",
    {
      class: "scale",
      width: SCALE_WIDTH,
      height: SCALE_HEIGHT,
      viewBox: `0 0 ${SCALE_WIDTH} ${SCALE_HEIGHT}`,
      role: "img",
      "aria-label": `Floors: ${told}`,
    },
    drawing("title", {}, `Floors: ${told}`),
    drawing("line", { x1: EDGE, x2: SCALE_WIDTH - EDGE, y1: SCALE_HEIGHT / 2, y2: SCALE_HEIGHT / 2, class: "axis" }),
    ...marks,
    ...second,
    drawing("circle", { cx: x(value), cy: SCALE_HEIGHT / 2, r: 4, class: "own-mark" }),
  );
}

function floorsKey(job) {
  const names = floorsOf(job).map((row) => study.baselines.baseline[row]);
  if (!names.length) return "";
  const text = `The dot is this pre-image on a line from the smallest to the largest; the strokes are floors: ${names.join(", ")}. A ring is A. ↓ and ↑ point to the better end.`;
  return element("p", { class: "details" }, text);
}
