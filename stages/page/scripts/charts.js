// Charts: the still drawings of the page are made interactive as they come into view.
// The page's policy allows no `eval` and no style of others: expressions are interpreted
// (`ast`), and neither Vega-Embed nor its tooltip may add theirs.

import { openJob } from "./lightbox.js";
import { jobWithKey } from "./study.js";

const CHART_OPTIONS = {
  mode: "vega-lite",
  renderer: "svg",
  ast: true,
  actions: false,
  defaultStyle: false,
  tooltip: { disableDefaultStyle: true },
};
const CHART_MARGIN = "200px";

/** Draw each specification, by name, in its figure in `root` once that is near. */
export function drawCharts(specs, root) {
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        seen.unobserve(target);
        drawChart(target, specs[target.dataset.chart]);
      }
    },
    { rootMargin: CHART_MARGIN },
  );
  for (const figure of root.querySelectorAll("figure[data-chart]")) seen.observe(figure);
}

/** Run the libraries, once: they wait as text, as they take a while to start. */
function runLibraries() {
  for (const waiting of document.querySelectorAll("script.library")) {
    const script = document.createElement("script");
    script.textContent = waiting.textContent;
    waiting.replaceWith(script);
  }
}

/** Put the interactive chart in the still one's place; if that fails, leave it. */
async function drawChart(figure, spec) {
  const still = figure.querySelector(".drawing svg");
  const place = document.createElement("div");
  try {
    runLibraries();
    const { view } = await window.vegaEmbed(place, spec, CHART_OPTIONS);
    view.addEventListener("click", (_, mark) => openPoint(mark?.datum?.key));
    still.replaceWith(place);
    figure.dataset.drawn = "live";
  } catch (error) {
    figure.dataset.drawn = "still";
    console.warn(`The chart ${figure.dataset.chart} stays as it is: ${error}`);
  }
}

/** Open the pre-image that a point is, if it is one. */
function openPoint(key) {
  const job = key === undefined ? undefined : jobWithKey(key);
  if (job !== undefined) openJob(job, [job]);
}

/** Draw the charts of the page, if it has any. */
export function startCharts() {
  const specs = document.getElementById("chart-specs");
  if (specs) drawCharts(JSON.parse(specs.textContent), document);
}
