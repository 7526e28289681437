// One job, large: its pictures against each other, and all that is known of it.

import { compare, comparison, endComparison } from "./compare.js";
import { jobHistory, metricTable } from "./details.js";
import { element } from "./elements.js";
import { change, one, onChange } from "./state.js";
import { jobValue, jobWithKey, phraseOf, study } from "./study.js";

const box = document.getElementById("lightbox");
const title = element("h2", { id: "lightbox-title", tabindex: -1 });
const about = element("p", { class: "details" });
const told = element("div");
const facts = element("div");
const place = element("span", { class: "details", "aria-live": "polite" });
let sequence = [];
let fallback = () => [];
let opener = null;

/**
 * Show a job; the arrow keys go along `jobs`.
 * @param {number} job
 * @param {number[]} jobs
 */
export function openJob(job, jobs) {
  sequence = jobs;
  opener = document.activeElement;
  change({ job: study.jobs.key[job] });
}

/**
 * Keep the lightbox as the address says.
 * @param {function(): number[]} order what the arrow keys go along after a link
 */
export function startLightbox(order) {
  fallback = order;
  build();
  box.addEventListener("keydown", pressed);
  box.addEventListener("click", (event) => event.target === box && box.close());
  box.addEventListener("close", closed);
  onChange((changed) => {
    if (changed.has("job") || changed.has("compare")) followAddress();
  });
  followAddress();
}

function build() {
  const step = (by, label, text) =>
    element("button", { type: "button", "aria-label": label, onclick: () => go(by) }, text);
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
    step(-1, "Previous", "←"),
    step(1, "Next", "→"),
    close,
  );
  const pictures = element("div", {}, ...comparison(), told);
  box.append(bar, element("div", { class: "halves" }, pictures, facts));
}

function followAddress() {
  const job = jobWithKey(one("job"));
  box.classList.toggle("unknown", job === undefined);
  if (job === undefined && one("job")) {
    title.textContent = "Not in this study";
    about.textContent = `No pre-image of this study has the key ${one("job")}.`;
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
  title.textContent = jobValue(job, "picture");
  about.textContent = phraseOf(job);
  facts.replaceChildren(metricTable(job));
  told.replaceChildren(...jobHistory(job));
  // Shown first: what is not shown cannot be measured, nor take the focus.
  if (!box.open) box.showModal();
  compare(job);
  if (!box.contains(document.activeElement)) title.focus();
  tellPlace(job);
}

function tellPlace(job) {
  if (!sequence.includes(job)) sequence = fallback();
  const at = sequence.indexOf(job);
  place.textContent = at < 0 ? "" : `${at + 1} of ${sequence.length}`;
}

/** The browser tells of a closing later: the box may be open again by then. */
function closed() {
  if (!box.open) change({ job: null, compare: null });
}

function go(by) {
  const at = sequence.indexOf(jobWithKey(one("job")));
  const next = sequence[(at + by + sequence.length) % sequence.length];
  if (next !== undefined) change({ job: study.jobs.key[next] }, { replace: true });
}

function restoreFocus() {
  if (opener?.isConnected) opener.focus();
  opener = null;
}

function pressed(event) {
  const arrows = { ArrowLeft: -1, ArrowRight: 1 };
  const own = event.target.matches("input, select");
  if (event.key in arrows && !own) {
    event.preventDefault();
    go(arrows[event.key]);
  } else if (event.key === "Tab") keepInside(event);
}

/** Lead the focus from the last control to the first one, and back. */
function keepInside(event) {
  const stops = [
    ...box.querySelectorAll("button:not(:disabled), input, select, [tabindex='0']"),
  ];
  const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
  if (document.activeElement !== from) return;
  event.preventDefault();
  to.focus();
}
