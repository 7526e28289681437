// Who stands beside a pre-image: the same picture's next setting, the next picture's.

import { galleryOrder } from "./gallery.js";
import { LABELS, depthOf, everyJob, study } from "./study.js";

/**
 * Return the jobs of the same picture, and those of the same setting, each in order.
 *
 * Of what the gallery shows, in its order; of the whole study if the job is not there.
 * @param {number} job
 */
export function around(job) {
  const shown = galleryOrder();
  const pool = shown.includes(job) ? shown : byDepth();
  const same = (names) => (other) =>
    names.every((name) => study.jobs[name][other] === study.jobs[name][job]);
  return { settings: pool.filter(same(["image_id"])), pictures: pool.filter(same(LABELS)) };
}

function byDepth() {
  return [...everyJob].sort((a, b) => depthOf(a) - depthOf(b));
}

/** Return the job so many places on in a list, around its ends. */
export function next(jobs, job, by) {
  const at = jobs.indexOf(job);
  return at < 0 ? undefined : jobs[(at + by + jobs.length) % jobs.length];
}
