// Marks: pre-images with a star and a note, kept in this browser, by study.

import { element, tick } from "./elements.js";
import { jobValue, jobWithKey, phraseOf, study } from "./study.js";

const PLACE_OF_MARKS = `pre-image marks: ${study.about?.title ?? ""}`;
const markListeners = [];
let marks = readMarks();

function readMarks() {
  try {
    return accepted(JSON.parse(localStorage.getItem(PLACE_OF_MARKS) ?? "[]"));
  } catch {
    return new Map();
  }
}

/** Return marks by key, of what may come from anywhere; what is none is left out. */
function accepted(given) {
  const good = (Array.isArray(given) ? given : []).filter(
    (mark) => typeof mark?.key === "string" && typeof (mark.note ?? "") === "string",
  );
  return new Map(good.map(({ key, note }) => [key, note ?? ""]));
}

/** Return the note of a job, undefined if it is not marked. */
export function noteOf(job) {
  return marks.get(study.jobs.key[job]);
}

/** Mark a job with a note; without one the mark is taken away. */
export function mark(job, note) {
  const key = study.jobs.key[job];
  if (note === null) marks.delete(key);
  else marks.set(key, note);
  keep();
}

function keep() {
  try {
    localStorage.setItem(PLACE_OF_MARKS, JSON.stringify(listOfMarks()));
  } catch {
    // A browser may forbid to keep anything: marks last as long as the page, then.
  }
  for (const listener of markListeners) listener();
}

function listOfMarks() {
  return [...marks].map(([key, note]) => ({ key, note }));
}

/** Call this whenever a mark came, changed or went. */
export function onMarks(listener) {
  markListeners.push(listener);
}

/** Return the jobs of this study that are marked, in the order of the marks. */
export function markedJobs() {
  return [...marks.keys()].map(jobWithKey).filter((job) => job !== undefined);
}

/** Return all marks as JSON, those of jobs that this study lacks among them. */
export function marksAsJson() {
  const told = listOfMarks().map(({ key, note }) => {
    const job = jobWithKey(key);
    const words = job === undefined ? {} : { picture: jobValue(job, "picture"), setting: phraseOf(job) };
    return { key, note, ...words };
  });
  return `${JSON.stringify(told, null, 1)}\n`;
}

/** Return the marked jobs as a list in Markdown. */
export function marksAsMarkdown() {
  const plain = (text) => text.replace(/([\\`*_[\]<>#|])/g, "\\$1").replace(/\s+/g, " ");
  const lines = markedJobs().map((job) => {
    const words = `**${plain(jobValue(job, "picture"))}**, ${plain(phraseOf(job))}`;
    const note = noteOf(job);
    return `- ${words} (\`${study.jobs.key[job]}\`)${note ? `: ${plain(note)}` : ""}`;
  });
  return `# Marked pre-images: ${plain(study.about?.title ?? "")}\n\n${lines.join("\n")}\n`;
}

/** Add the marks of a JSON text; return how many there were. Raises if it is none. */
export function addMarks(text) {
  const given = accepted(JSON.parse(text));
  marks = new Map([...marks, ...given]);
  keep();
  return given.size;
}

/** Return the star and the note of a job, for its lightbox. */
export function markControls(job) {
  const note = noteOf(job);
  const { field, box } = tick("★ marked", (on) => mark(job, on ? text.value : null));
  box.checked = note !== undefined;
  const text = element("input", {
    type: "text",
    value: note ?? "",
    placeholder: "a note marks it, too",
    "aria-label": "Note",
    onchange: () => {
      mark(job, text.value);
      box.checked = true;
    },
  });
  return element("div", { class: "row mark" }, field, text);
}
