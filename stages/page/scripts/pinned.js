// One pre-image pinned as A, from anywhere: the next one that is opened is held to it.

import { element } from "./elements.js";
import { change, one, onChange } from "./state.js";
import { jobValue, jobWithKey, phraseOf, study } from "./study.js";

const pinnedBar = element("aside", { id: "pinned", "aria-label": "Pinned pre-image", hidden: true });

/** Return the job that is pinned as A, undefined if none is. */
export function pinnedJob() {
  return jobWithKey(one("a"));
}

/** Pin a job as A, or let it go if it is A already. */
export function togglePin(job) {
  const key = study.jobs.key[job];
  change({ a: one("a") === key ? null : key }, { replace: true });
}

/** Pin with the key A on a pre-image, or by a click with the shift key. */
export function startPinned() {
  document.body.append(pinnedBar);
  document.addEventListener("click", clickedToPin, { capture: true });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "a" || event.ctrlKey || event.metaKey || event.altKey) return;
    const job = event.target.matches("input, textarea, select") ? undefined : jobOf(event.target);
    if (job !== undefined) togglePin(job);
  });
  onChange((changed) => changed.has("a") && tellPinned());
  tellPinned();
}

function clickedToPin(event) {
  const job = event.shiftKey ? jobOf(event.target) : undefined;
  if (job === undefined) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  togglePin(job);
}

function jobOf(target) {
  const named = target.closest("[data-key], [data-job]");
  return jobWithKey(named?.dataset.key ?? named?.dataset.job);
}

function tellPinned() {
  const job = pinnedJob();
  pinnedBar.hidden = job === undefined;
  if (job === undefined) return;
  const button = (text, run) =>
    element("button", { type: "button", class: "plain", onclick: run }, text);
  pinnedBar.replaceChildren(
    element("b", {}, "A"),
    element("span", {}, `${jobValue(job, "picture")}, ${phraseOf(job)}`),
    button("Open", () => change({ job: study.jobs.key[job] })),
    button("Unpin", () => change({ a: null }, { replace: true })),
  );
}
