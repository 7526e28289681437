// One job, large: its pictures against each other, and all that is known of it.

import { around, next } from "./arrangement.js";
import { takeAway } from "./cite.js";
import { compare, comparison, endComparison, otherJob } from "./compare.js";
import { jobHistory } from "./details.js";
import { element } from "./elements.js";
import { markControls } from "./marks.js";
import { measures } from "./measures.js";
import { pinnedJob, togglePin } from "./pinned.js";
import { change, one, onChange } from "./state.js";
import { jobValue, jobWithKey, phraseOf, study } from "./study.js";

const box = document.getElementById("lightbox");
const title = element("h2", { id: "lightbox-title", tabindex: -1 });
const about = element("p", { class: "details" });
const told = element("div");
const facts = element("div");
const place = element("span", { class: "details", role: "status" });
const pin = element("button", { type: "button", onclick: () => togglePin(jobShown()) });
// Arrow keys: left and right change the setting, up and down the picture.
const ARROWS = {
  ArrowLeft: ["settings", -1, "←", "Previous setting"],
  ArrowRight: ["settings", 1, "→", "Next setting"],
  ArrowUp: ["pictures", -1, "↑", "Previous picture"],
  ArrowDown: ["pictures", 1, "↓", "Next picture"],
};
const PAGES = { PageUp: -1, PageDown: 1 };
let sequence = [];
let opener = null;

/**
 * Show a job; the keys Page up and Page down go along `jobs`.
 * @param {number} job
 * @param {number[]} jobs
 */
export function openJob(job, jobs) {
  sequence = jobs;
  opener = document.activeElement;
  change({ job: study.jobs.key[job] });
}

/** Keep the lightbox as the address says. */
export function startLightbox() {
  build();
  box.addEventListener("keydown", pressed);
  box.addEventListener("click", (event) => event.target === box && box.close());
  box.addEventListener("close", closed);
  onChange((changed) => {
    if (["job", "compare", "a", "with"].some((name) => changed.has(name))) followAddress();
  });
  followAddress();
}

function jobShown() {
  return jobWithKey(one("job"));
}

function build() {
  const steps = Object.values(ARROWS).map(([list, by, text, label]) =>
    element("button", { type: "button", "aria-label": label, title: label, onclick: () => go(list, by) }, text),
  );
  const close = element(
    "button",
    { type: "button", "aria-label": "Close", onclick: () => box.close() },
    "×",
  );
  const bar = element(
    "div",
    { class: "bar" },
    element("div", {}, title, about),
    place,
    ...steps,
    pin,
    close,
  );
  const pictures = element("div", {}, ...comparison(), told);
  box.append(bar, element("div", { class: "halves" }, pictures, facts));
}

function followAddress() {
  const job = jobShown();
  box.classList.toggle("unknown", job === undefined);
  if (job === undefined && one("job")) {
    title.textContent = "Not on this page";
    about.textContent = `No pre-image that this page tells has the key ${one("job")}.`;
    place.textContent = "";
    if (!box.open) box.showModal();
    title.focus();
    return;
  }
  if (job === undefined) {
    if (box.open) box.close();
    endComparison();
    restoreFocus();
    return;
  }
  tellJob(job);
  // Shown first: what is not shown cannot be measured, nor take the focus.
  if (!box.open) box.showModal();
  compare(job);
  if (!box.contains(document.activeElement)) title.focus();
}

function tellJob(job) {
  title.textContent = jobValue(job, "picture");
  about.textContent = phraseOf(job);
  facts.replaceChildren(measures(job, otherJob(job)));
  told.replaceChildren(markControls(job), ...jobHistory(job), takeAway(job));
  const isPinned = pinnedJob() === job;
  pin.textContent = isPinned ? "Unpin A" : "Pin as A";
  pin.setAttribute("aria-pressed", String(isPinned));
  const { settings, pictures } = around(job);
  const at = (jobs) => `${jobs.indexOf(job) + 1} of ${jobs.length}`;
  place.textContent = `setting ${at(settings)}, picture ${at(pictures)}`;
}

/** The browser tells of a closing later: the box may be open again by then. */
function closed() {
  if (!box.open) change({ job: null, compare: null, with: null });
}

function go(list, by) {
  openNext(next(around(jobShown())[list], jobShown(), by));
}

function openNext(job) {
  if (job !== undefined) change({ job: study.jobs.key[job] }, { replace: true });
}

function restoreFocus() {
  if (opener?.isConnected) opener.focus();
  opener = null;
}

function pressed(event) {
  const own = event.target.matches("input, select");
  if (event.key === "Tab") keepInside(event);
  else if (own || event.ctrlKey || event.metaKey || event.altKey || jobShown() === undefined) return;
  else if (event.key in ARROWS) {
    event.preventDefault();
    go(ARROWS[event.key][0], ARROWS[event.key][1]);
  } else if (event.key in PAGES) {
    event.preventDefault();
    openNext(next(sequence, jobShown(), PAGES[event.key]));
  } else if (event.key === "a") togglePin(jobShown());
}

/** Lead the focus from the last control to the first one, and back. */
function keepInside(event) {
  const stops = [
    ...box.querySelectorAll("button:not(:disabled), input, select, [tabindex='0']"),
  ].filter((stop) => stop.checkVisibility());
  const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
  if (document.activeElement !== from) return;
  event.preventDefault();
  to.focus();
}
