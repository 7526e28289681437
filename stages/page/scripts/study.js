// The study: jobs, pictures, baselines and metrics, as the page carries them.

/** What tells pre-images of one picture apart. */
export const LABELS = [
  "representation",
  "layer",
  "channels",
  "region",
  "prior",
  "solver",
  "seed",
];
const SELECTION = ["representation", "layer", "channels", "region"];

export const study = JSON.parse(document.getElementById("study").textContent);

for (const table of [study.jobs, study.baselines]) decode(table);
/** The numbers of all jobs, in the order of the study. */
export const everyJob = study.jobs.image_id.map((_, job) => job);
const jobOfKey = new Map(study.jobs.key.map((key, job) => [key, job]));
const pictureOfId = new Map(study.pictures.map((picture) => [picture.id, picture]));
const depthOfLayer = new Map(study.layers.map((layer, depth) => [layer.join("\0"), depth]));
const layersOf = new Map();
for (const [name] of study.layers) layersOf.set(name, (layersOf.get(name) ?? 0) + 1);
const metricOfName = new Map(study.metrics.map((metric) => [metric.name, metric]));
const fieldOfRegion = new Map(
  study.fields.map((entry) => [entry.slice(0, 3).join("\0"), entry[3]]),
);
let floors = null;

/** Put words in place of what points at them. */
function decode(table) {
  for (const [name, column] of Object.entries(table)) {
    if (column.words)
      table[name] = column.at.map((at) => (at === null ? null : column.words[at]));
  }
}

/**
 * Return a job's value; a label as text.
 * @param {number} job
 * @param {string} name a label, a metric, `picture`, `status` or `reason`
 */
export function jobValue(job, name) {
  if (name === "picture") return pictureOf(job).name;
  const found = study.jobs[name][job];
  return name === "seed" && found !== null ? String(found) : found;
}

/** Return the picture that a job is about: its `id`, `name` and `about`. */
export function pictureOf(job) {
  const id = study.jobs.image_id[job];
  return pictureOfId.get(id) ?? { id, name: id, about: "" };
}

/** Return the number of the job of this key, undefined if there is none. */
export function jobWithKey(key) {
  return jobOfKey.get(key);
}

/** Return how the page writes a metric; the first one if there is none of the name. */
export function metricNamed(name) {
  return metricOfName.get(name) ?? study.metrics[0];
}

/** Return how deep a job's layer lies in the study. */
export function depthOf(job) {
  const layer = [study.jobs.representation[job], study.jobs.layer[job]].join("\0");
  return depthOfLayer.get(layer) ?? Infinity;
}

/** Return the name of the original as the job's representation saw it. */
export function originalOf(job) {
  return `${study.jobs.image_id[job]} ${study.forms[study.jobs.representation[job]] ?? study.form}`;
}

/** Return the pixels that a job's selection sees, the side of its picture, if it is all. */
export function receptiveField(job) {
  const { representation, layer, region } = study.jobs;
  const window = fieldOfRegion.get([representation[job], layer[job], region[job]].join("\0"));
  if (!window) return null;
  const side = study.sides[representation[job]];
  const [top, bottom, left, right] = window;
  return { window, side, isWhole: bottom - top === side && right - left === side };
}

/** Return the rows of the baselines that stand beside a job. */
export function floorsOf(job) {
  floors ??= baselinesByPlace();
  return floors.get(placeOf(study.jobs, job)) ?? [];
}

function baselinesByPlace() {
  const found = new Map();
  study.baselines.image_id.forEach((_, row) => {
    const place = placeOf(study.baselines, row);
    if (!found.has(place)) found.set(place, []);
    found.get(place).push(row);
  });
  return found;
}

function placeOf(table, row) {
  return [...SELECTION, "image_id"].map((name) => table[name][row]).join("\0");
}

/**
 * Return the values of a label that occur, in the order of the study.
 * @param {string} name
 * @param {number[]} [jobs]
 */
export function choicesOf(name, jobs = everyJob) {
  const depths = new Map();
  for (const job of jobs) {
    // A layer of several networks has the place that the first one gives it.
    const value = jobValue(job, name);
    depths.set(value, Math.min(depths.get(value) ?? Infinity, depthOf(job)));
  }
  const values = [...depths.keys()].filter((one) => one !== null);
  return name === "layer" ? values.sort((a, b) => depths.get(a) - depths.get(b)) : values;
}

/** Return the labels that tell these jobs apart. */
export function tellingLabels(jobs) {
  return LABELS.filter((name) => new Set(jobs.map((job) => study.jobs[name][job])).size > 1);
}

/** Return a job's labels as a phrase; that all is inverted goes without saying. */
export function phraseOf(job, names = LABELS) {
  const told = names.filter(
    (name) => jobValue(job, name) !== null && jobValue(job, name) !== "all",
  );
  const plain = ["representation", "layer"];
  // The only layer of HOG or SIFT tells nothing, and HOGb's is called as HOG's.
  const alone = layersOf.get(jobValue(job, "representation")) === 1 && names.length > 1;
  const words = told.filter((name) => !alone || name !== "layer").map(
    (name) => (plain.includes(name) ? "" : `${name} `) + jobValue(job, name),
  );
  return [...new Set(words)].join(" · ");
}
