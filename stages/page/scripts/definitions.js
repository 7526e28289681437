// What a metric means, its unit, range and better direction: opened where it is used.

import { element } from "./elements.js";

const BETTER = { lower: "the lower the better", higher: "the higher the better" };
const BETTER_SIGN = { lower: "↓", higher: "↑" };
let n = 0;

/** Return an arrow to the better side, or nothing. */
export function arrow(metric) {
  if (!BETTER_SIGN[metric.better]) return "";
  return element("span", { class: "better", role: "img", "aria-label": BETTER[metric.better] }, BETTER_SIGN[metric.better]);
}

/**
 * Return a button with a metric's name, and what it opens: its definition.
 * @param {{heading: string, meaning: string, unit: string, range: string}} metric
 * @param {...(Node|string)} [words] what stands on the button, else the heading
 */
export function definition(metric, ...words) {
  n += 1;
  const id = `definition-${n}`;
  const label = words.length ? { "aria-label": `${metric.heading}: what it means` } : {};
  const properties = { type: "button", class: "define", popovertarget: id, ...label };
  const button = element("button", properties, ...(words.length ? words : [metric.heading]));
  return [button, popup(id, metric)];
}

function popup(id, metric) {
  const unit = metric.unit === "1" ? "" : metric.unit;
  const facts = [
    unit && `in ${unit}`,
    metric.range && `from ${metric.range}`,
    BETTER[metric.better] ?? "neither end is better",
  ];
  return element(
    "div",
    { id, popover: "auto", class: "meaning" },
    element("b", {}, metric.heading),
    element("p", {}, metric.meaning),
    element("p", { class: "details" }, facts.filter(Boolean).join("; ")),
  );
}
