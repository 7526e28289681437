// Start: the parts of the page that need scripts, in order.

import { startCharts } from "./charts.js";
import { startControls } from "./controls.js";
import { galleryOrder, startGallery } from "./gallery.js";
import { openJob, startLightbox } from "./lightbox.js";
import { showInView } from "./pictures.js";
import { follow, one } from "./state.js";
import { jobWithKey } from "./study.js";
import { startTable } from "./table.js";

document.documentElement.classList.add("scripted");
startGallery();
startControls();
startTable();
startLightbox(galleryOrder);
startCharts();
follow();

/** Scroll to the part of the page that the address is about. */
function comeTo() {
  const place = document.getElementById(one("at"));
  if (place) place.scrollIntoView();
}
addEventListener("hashchange", comeTo);
comeTo();

// Pictures and links in the parts that are written without scripts.
for (const image of document.querySelectorAll("img[data-picture]:not([src])")) {
  if (!image.closest("#matrix")) showInView(image, image.dataset.picture);
}
document.addEventListener("click", (event) => {
  const job = jobWithKey(event.target.closest("[data-job]")?.dataset.job);
  if (job === undefined) return;
  event.preventDefault();
  openJob(job, galleryOrder());
});
// A link to a place on the page keeps the view that the address holds.
document.addEventListener("click", (event) => {
  const target = event.target.closest("a[href^='#']")?.getAttribute("href") ?? "=";
  const place = target.includes("=") ? null : document.getElementById(target.slice(1));
  if (!place) return;
  event.preventDefault();
  place.scrollIntoView();
  place.setAttribute("tabindex", "-1");
  place.focus({ preventScroll: true });
});
document.documentElement.dataset.ready = "yes";
