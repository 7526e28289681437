// Ways through the page: links that land where they say, and the section that is read.

import { change, one } from "./state.js";

const contents = document.getElementById("contents");
// Frames for which a landing is held while what lies above it finds its height.
const SETTLING = 40;
let landing = 0;

/** Scroll to an element, and stay there while the page above it is laid out. */
export function landOn(place) {
  const mine = ++landing;
  const wanted = parseFloat(getComputedStyle(place).scrollMarginTop) || 0;
  let left = SETTLING;
  const hold = () => {
    if (mine !== landing) return;
    const off = place.getBoundingClientRect().top - wanted;
    if (Math.abs(off) > 1) scrollBy({ top: off, behavior: "instant" });
    if (--left > 0) requestAnimationFrame(hold);
  };
  hold();
}

/** Go to a place of the page; the way back leads to where the reader was. */
export function goTo(place) {
  change({ at: place.id });
  landOn(place);
  if (!place.matches("a, button, input, select")) place.setAttribute("tabindex", "-1");
  place.focus({ preventScroll: true });
}

function clicked(event) {
  const link = event.target.closest("a[href^='#']");
  const name = link?.getAttribute("href").slice(1) ?? "=";
  const place = name.includes("=") ? null : document.getElementById(name);
  if (!place || link.matches("[data-job], [data-plate]")) return;
  event.preventDefault();
  goTo(place);
}

/** Return the part of the page that is read: the last one that began above the middle. */
function sectionRead(sections) {
  const line = innerHeight * 0.4;
  const begun = sections.filter((one) => one.getBoundingClientRect().top <= line);
  return begun.at(-1) ?? sections[0];
}

function markCurrent(links, sections) {
  const read = sectionRead(sections);
  for (const link of links) {
    const own = link.getAttribute("href") === `#${read.id}`;
    if (own && !link.hasAttribute("aria-current")) link.setAttribute("aria-current", "true");
    else if (!own) link.removeAttribute("aria-current");
  }
}

function comeTo() {
  const place = document.getElementById(one("at") || location.hash.slice(1));
  if (place) landOn(place);
}

/** Follow links within the page, and mark where the reader is. */
export function startNavigation() {
  const links = [...contents.querySelectorAll("a")];
  const sections = links.map((link) =>
    document.getElementById(link.getAttribute("href").slice(1)),
  );
  let waiting = false;
  const marked = () => {
    waiting = false;
    markCurrent(links, sections);
  };
  const soon = () => {
    if (!waiting) requestAnimationFrame(marked);
    waiting = true;
  };
  for (const name of ["wheel", "touchstart", "keydown", "pointerdown"])
    addEventListener(name, () => (landing += 1), { passive: true, capture: true });
  document.addEventListener("click", clicked);
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon);
  addEventListener("hashchange", comeTo);
  addEventListener("popstate", comeTo);
  marked();
  comeTo();
}
