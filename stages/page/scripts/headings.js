// The gallery's headings: what tells its columns apart, the representation never dropped.

import { element } from "./elements.js";
import { jobValue, phraseOf, tellingLabels } from "./study.js";

/**
 * Return two lines of headings: the representation over its columns, then the rest.
 * @param {number[]} jobs one of each column
 */
export function heading(jobs) {
  const names = tellingLabels(jobs).filter((name) => name !== "representation");
  const cells = jobs.map((job) => {
    const layer = jobValue(job, "layer");
    const rest = phraseOf(
      job,
      names.filter((name) => name !== "layer"),
    );
    return element("th", { scope: "col" }, element("b", {}, layer), element("small", {}, rest));
  });
  const groups = runsOf(jobs.map((job) => jobValue(job, "representation"))).map(([name, n]) =>
    element("th", { scope: "colgroup", colspan: n }, element("span", {}, name)),
  );
  return element(
    "thead",
    {},
    element("tr", {}, element("th", { scope: "col", rowspan: 2 }, "original"), ...groups),
    element("tr", {}, ...cells),
  );
}

/** Return each run of equal values with its length. */
function runsOf(values) {
  const runs = [];
  for (const value of values) {
    if (runs.at(-1)?.[0] === value) runs.at(-1)[1] += 1;
    else runs.push([value, 1]);
  }
  return runs;
}
