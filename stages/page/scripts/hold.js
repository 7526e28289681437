// Hold to compare: the original stands in a pre-image's place while it is held.

import { show } from "./pictures.js";

const DELAY = 180;

/**
 * Show another thumbnail while a button is held: by mouse, finger, pen or space bar.
 * @param {HTMLElement} button
 * @param {HTMLImageElement} image
 * @param {string} own the thumbnail that the image shows
 * @param {string} other the one that it shows while held
 */
export function holdable(button, image, own, other) {
  let timer = 0;
  let held = false;
  const swap = () => {
    button.classList.add("held");
    show(image, other);
  };
  const end = () => {
    clearTimeout(timer);
    if (!button.classList.contains("held")) return;
    button.classList.remove("held");
    show(image, own);
  };
  button.addEventListener("pointerdown", (event) => {
    held = false;
    if (event.button !== 0) return;
    timer = setTimeout(() => {
      held = true;
      swap();
    }, DELAY);
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave", "blur"]) {
    button.addEventListener(name, end);
  }
  // A long touch would open a menu, and the click that ends a hold is none.
  button.addEventListener("contextmenu", (event) => held && event.preventDefault());
  button.addEventListener(
    "click",
    (event) => {
      if (held) event.stopImmediatePropagation();
      held = false;
    },
    { capture: true },
  );
  holdByKey(button, swap, end);
}

function holdByKey(button, swap, end) {
  button.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    if (!event.repeat) swap();
  });
  button.addEventListener("keyup", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    end();
  });
}
