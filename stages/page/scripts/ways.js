// Ways to hold two pictures against each other: side by side, held, in turn, cut, or
// subtracted.

import { choice, element } from "./elements.js";

export const MODES = {
  side: "side by side",
  hold: "hold",
  flicker: "flicker",
  slider: "slider",
  difference: "difference",
};
const TURN = 700;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let timer = 0;
let factor = 4;

/** Stop what moves. */
export function endWay() {
  clearInterval(timer);
}

/** How to lay out two figures, by mode; `words` name them, `tools` take controls. */
export const WAYS = {
  side() {},

  hold({ figures, words, tools }) {
    const turn = (isHeld) => {
      figures[0].hidden = !isHeld;
      figures[1].hidden = isHeld;
    };
    turn(false);
    const button = element("button", { type: "button", class: "plain" }, `Hold to see ${words[0]}`);
    const ends = ["pointerup", "pointercancel", "pointerleave", "blur", "keyup"];
    for (const name of ends) button.addEventListener(name, () => turn(false));
    button.addEventListener("pointerdown", () => turn(true));
    button.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && turn(true));
    tools.append(button);
  },

  flicker({ figures, tools }) {
    let second = true;
    const turn = () => {
      second = !second;
      figures[0].hidden = second;
      figures[1].hidden = !second;
    };
    turn();
    tools.append(
      element("button", { type: "button", class: "plain", onclick: turn }, "Switch"),
    );
    if (!calm.matches) timer = setInterval(turn, TURN);
  },

  slider({ figures, words, tools }) {
    const range = element("input", {
      type: "range",
      min: 0,
      max: 100,
      value: 50,
      "aria-label": `Share of ${words[0]} that is shown`,
    });
    const cut = () => (figures[1].style.clipPath = `inset(0 0 0 ${range.value}%)`);
    range.addEventListener("input", cut);
    cut();
    tools.append(element("span", {}, words[0]), range, element("span", {}, words[1]));
  },

  difference({ images, words, stage, tools }) {
    const canvas = element("canvas", { role: "img" });
    const draw = () => subtract(canvas, images, words);
    const choices = [1, 2, 4, 8].map((n) => [String(n), `${n} ×`]);
    const { field, select } = choice("amplified", choices, (value) => {
      factor = Number(value);
      draw();
    });
    select.value = String(factor);
    tools.append(field);
    stage.replaceChildren(
      element(
        "figure",
        {},
        element("div", { class: "frame" }, canvas),
        element("figcaption", {}, "absolute difference of the thumbnails"),
      ),
    );
    Promise.all(images.map((image) => image.decode())).then(draw, () => {});
  },
};

/** Draw |second − first| times the factor: what is alike is black. */
function subtract(canvas, [first, second], words) {
  canvas.width = second.naturalWidth;
  canvas.height = second.naturalHeight;
  canvas.setAttribute(
    "aria-label",
    `Difference between ${words.join(" and ")}, ${factor} times amplified`,
  );
  const pen = canvas.getContext("2d");
  pen.drawImage(second, 0, 0);
  pen.globalCompositeOperation = "difference";
  pen.drawImage(first, 0, 0, canvas.width, canvas.height);
  // Adding the canvas to itself doubles it; no pixel is read, so files may be drawn, too.
  pen.globalCompositeOperation = "lighter";
  for (let n = 1; n < factor; n *= 2) pen.drawImage(canvas, 0, 0);
}
