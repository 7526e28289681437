// Hold to compare: the original stands in a pre-image's place while it is held.

import { show } from "./pictures.js";

const DELAY = 180;

/**
 * Show another thumbnail while a button is held: by mouse, finger, pen or space bar.
 * @param {HTMLElement} box what the buttons lie in; it listens for all of them
 * @param {function(HTMLElement): ?{image: HTMLImageElement, own: string, other: string}}
 * pictures the image of a button, the thumbnail that it shows, and the one while held
 */
export function letHold(box, pictures) {
  let timer = 0;
  let held = null;
  // A long touch would open a menu, and the click that ends a hold is none.
  let wasHeld = false;

  const begin = (button) => {
    end();
    const given = pictures(button);
    if (!given) return;
    held = button;
    button.classList.add("held");
    show(given.image, given.other);
  };
  const end = () => {
    clearTimeout(timer);
    if (!held) return;
    held.classList.remove("held");
    const given = pictures(held);
    if (given) show(given.image, given.own);
    held = null;
  };
  box.addEventListener("pointerdown", (event) => {
    wasHeld = false;
    const button = event.target.closest("button");
    if (event.button !== 0 || !button) return;
    timer = setTimeout(() => {
      wasHeld = true;
      begin(button);
    }, DELAY);
  });
  box.addEventListener("pointerout", ({ target, relatedTarget }) => {
    const button = target.closest("button");
    if (!button?.contains(relatedTarget)) end();
  });
  for (const name of ["pointerup", "pointercancel", "focusout"]) box.addEventListener(name, end);
  box.addEventListener("contextmenu", (event) => wasHeld && event.preventDefault());
  box.addEventListener(
    "click",
    (event) => {
      if (wasHeld) event.stopImmediatePropagation();
      wasHeld = false;
    },
    { capture: true },
  );
  holdByKey(box, begin, end);
}

function holdByKey(box, begin, end) {
  const onSpace = (act) => (event) => {
    const button = event.target.closest("button");
    if (event.key !== " " || !button) return;
    event.preventDefault();
    if (!event.repeat) act(button);
  };
  box.addEventListener("keydown", onSpace(begin));
  box.addEventListener("keyup", onSpace(end));
}
