// A pre-image to take away: its picture as PNG, and the words to cite it by.

import { element } from "./elements.js";
import { saveBlob } from "./exports.js";
import { acquire, hasPicture, release } from "./pictures.js";
import { jobValue, phraseOf, study } from "./study.js";

/** Return the buttons that save a job's picture and copy its citation. */
export function takeAway(job) {
  const text = citation(job);
  const told = element("span", { role: "status", class: "details" });
  const button = (words, run) =>
    element("button", { type: "button", class: "plain", onclick: run }, words);
  const picture = hasPicture(study.jobs.key[job])
    ? [button("Save PNG", () => savePicture(job, told))]
    : [];
  const words = element("p", { class: "citation", id: "citation" }, text);
  const copied = () => copy(words, told);
  return element(
    "div",
    {},
    element("div", { class: "row" }, ...picture, button("Copy citation", copied), told),
    words,
  );
}

/** Return who a pre-image is: what, setting, key, params and program. */
export function citation(job) {
  const { title, params } = study.about ?? {};
  const commit = document.getElementById("commit")?.textContent;
  const program = [
    title && `study “${title}”`,
    params && `params sha256 ${params.slice(0, 16)}`,
    commit && `program at commit ${commit}`,
  ];
  const words = `Pre-image of “${jobValue(job, "picture")}”: ${phraseOf(job)}`;
  const source = [`key ${study.jobs.key[job]}`, ...program].filter(Boolean).join(", ");
  return `${words} (${source}).`;
}

/** Let a click on a button copy the text beside it. */
export function copyOnClick(button) {
  const words = document.getElementById(button.dataset.copies);
  const told = element("span", { role: "status", class: "details" });
  button.after(told);
  button.hidden = false;
  button.addEventListener("click", () => copy(words, told));
}

async function savePicture(job, told) {
  const key = study.jobs.key[job];
  const image = element("img", { src: acquire(key) });
  try {
    await image.decode();
    const canvas = element("canvas", { width: image.naturalWidth, height: image.naturalHeight });
    canvas.getContext("2d").drawImage(image, 0, 0);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    const place = ["representation", "layer"].map((name) => jobValue(job, name)).join("-");
    const name = `${jobValue(job, "picture")}-${place}-${key.slice(0, 8)}`;
    saveBlob(`${name.replace(/[^\w.-]+/g, "_")}.png`, blob);
  } catch {
    told.textContent = "The picture lies in the folder beside this page: save it there.";
  }
  release(key);
}

async function copy(words, told) {
  try {
    await navigator.clipboard.writeText(words.textContent);
    told.textContent = "copied";
  } catch {
    getSelection().selectAllChildren(words);
    told.textContent = "selected: copy it with the keyboard";
  }
}
