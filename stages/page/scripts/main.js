// Start: the parts of the page that need scripts, in order.

import { galleryOrder } from "./arrangement.js";
import { startCharts } from "./charts.js";
import { copyOnClick } from "./cite.js";
import { startControls } from "./controls.js";
import { startGallery } from "./gallery.js";
import { openJob, startLightbox } from "./lightbox.js";
import { startMarks } from "./marked.js";
import { startNavigation } from "./navigation.js";
import { showInView } from "./pictures.js";
import { startPinned } from "./pinned.js";
import { follow } from "./state.js";
import { jobWithKey } from "./study.js";
import { startTable } from "./table.js";

document.documentElement.classList.add("scripted");
startGallery();
startControls();
startTable();
startMarks();
startPinned();
startLightbox();
startCharts();
follow();

startNavigation();

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
document.querySelectorAll("button[data-copies]").forEach(copyOnClick);
document.documentElement.dataset.ready = "yes";
