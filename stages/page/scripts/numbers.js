// How the page writes numbers: as in the tables that are made without scripts.

const MISSING = "–";
const inWords = new Intl.Collator("en", { numeric: true });
const formats = new Map();

/**
 * Return a metric's value in its unit, such as `12.3 %`.
 * @param {?number} value
 * @param {{decimals: number, times: number, unit: string}} metric
 */
export function withUnit(value, metric) {
  const text = written(value, metric);
  return metric.unit === "1" || text === MISSING ? text : `${text}\u00a0${metric.unit}`;
}

/**
 * Return a metric's value without its unit; a dash for what is missing.
 * @param {?number} value
 * @param {{decimals: number, times: number}} metric
 */
export function written(value, metric) {
  if (value == null) return MISSING;
  const scaled = value * metric.times;
  if (!Number.isFinite(scaled)) return scaled > 0 ? "∞" : "−∞";
  return formatOf(metric.decimals).format(scaled).replace("-", "−");
}

/** Return the format of so many decimals, made once: it takes a while to make. */
function formatOf(decimals) {
  if (!formats.has(decimals)) {
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    formats.set(decimals, new Intl.NumberFormat("en-GB", digits));
  }
  return formats.get(decimals);
}

/** Return the mean of the numbers that are there, null if there are none. */
export function mean(values) {
  const known = values.filter((value) => value != null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

/**
 * Return a comparison that puts what is missing last, whichever way the rest goes.
 * @param {number} sign 1: small ones first; -1: large ones first
 */
export function ordering(sign) {
  return (a, b) => {
    if (a == null || b == null) return (a == null) - (b == null);
    if (typeof a === "string") return sign * inWords.compare(a, b);
    return a < b ? -sign : a > b ? sign : 0;
  };
}
