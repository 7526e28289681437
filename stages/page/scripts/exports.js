// The table's jobs as files, made in the browser: nothing is sent anywhere.

import { element } from "./elements.js";
import { jobValue, study } from "./study.js";

/**
 * Return the buttons that save what the table lists.
 * @param {Array<{name: string}>} columns
 * @param {function(): number[]} listed
 */
export function downloadButtons(columns, listed) {
  const names = ["key", ...columns.map((column) => column.name), "reason"];
  const records = () =>
    listed().map((job) =>
      names.map((name) => (name === "key" ? study.jobs.key[job] : jobValue(job, name))),
    );
  const button = (text, run) =>
    element("button", { type: "button", class: "plain", onclick: run }, text);
  return [
    button("Save CSV", () => save("jobs.csv", "text/csv", csv(names, records()))),
    button("Save JSON", () => save("jobs.json", "application/json", json(names, records()))),
  ];
}

/** Return a value as text that a spreadsheet takes for no formula; numbers stay as is. */
function inert(value) {
  const text = value === null ? "" : String(value);
  return typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

/** Return records as CSV (RFC 4180): a value with a comma, quote or line end is quoted. */
export function csv(names, records) {
  const quoted = (value) => {
    const text = inert(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [names, ...records].map((record) => `${record.map(quoted).join(",")}\r\n`).join("");
}

function json(names, records) {
  const objects = records.map((record) =>
    Object.fromEntries(names.map((name, i) => [name, plain(record[i])])),
  );
  return JSON.stringify(objects, null, 1);
}

/** Return a value that JSON has: infinity as text. */
function plain(value) {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** Save a text as a file. */
export function save(name, type, text) {
  saveBlob(name, new Blob([text], { type }));
}

/** Save bytes as a file. */
export function saveBlob(name, blob) {
  const url = URL.createObjectURL(blob);
  const link = element("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
