// The marked pre-images as a section: a contact sheet, with files in and out.

import { element } from "./elements.js";
import { save } from "./exports.js";
import { openJob } from "./lightbox.js";
import { addMarks, markedJobs, marksAsJson, marksAsMarkdown, noteOf, onMarks } from "./marks.js";
import { hasPicture, showInView, forget } from "./pictures.js";
import { jobValue, phraseOf, study } from "./study.js";

const section = document.getElementById("marks");
const sheet = element("div", { class: "contact" });
const sheetNote = element("p", { class: "details", role: "status" });

/** Put the marked pre-images on the page and keep them up to date. */
export function startMarks() {
  const button = (text, run) =>
    element("button", { type: "button", class: "plain", onclick: run }, text);
  const file = element("input", { type: "file", accept: ".json,application/json", onchange: taken });
  const tools = element(
    "div",
    { class: "row" },
    button("Save marks as JSON", () => save("marks.json", "application/json", marksAsJson())),
    button("Save marks as Markdown", () => save("marks.md", "text/markdown", marksAsMarkdown())),
    button("Print contact sheet", printSheet),
    element("label", { class: "field" }, "add marks from a JSON file", file),
  );
  section.append(tools, sheetNote, sheet);
  onMarks(refreshSheet);
  refreshSheet();
}

async function taken({ target }) {
  try {
    const n = addMarks(await target.files[0].text());
    sheetNote.textContent = `${n} marks were read`;
  } catch {
    sheetNote.textContent = "This file holds no marks.";
  }
  target.value = "";
}

function refreshSheet() {
  const jobs = markedJobs();
  forget(sheet);
  sheetNote.textContent = jobs.length
    ? `${jobs.length} marked`
    : "None yet: a star in the view of a pre-image marks it.";
  sheet.replaceChildren(...jobs.map((job) => contact(job, jobs)));
}

function contact(job, jobs) {
  const key = study.jobs.key[job];
  const button = element("button", {
    type: "button",
    class: "pick",
    "data-key": key,
    "aria-label": `${jobValue(job, "picture")}: ${phraseOf(job)}`,
    onclick: () => openJob(job, jobs),
  });
  if (hasPicture(key)) {
    const image = element("img", { alt: "" });
    showInView(image, key);
    button.append(image);
  }
  const words = element(
    "figcaption",
    {},
    element("b", {}, jobValue(job, "picture")),
    element("span", { class: "numbers" }, phraseOf(job)),
    element("span", {}, noteOf(job)),
  );
  return element("figure", {}, button, words);
}

/** Print the contact sheet alone. */
function printSheet() {
  const root = document.documentElement;
  root.classList.add("sheet-alone");
  addEventListener("afterprint", () => root.classList.remove("sheet-alone"), { once: true });
  print();
}
