// Which rows and columns of a scrolled grid are in view.

const ROWS_BEYOND = 3;
const COLUMNS_BEYOND = 2;

/** Return the rows and columns in view, each as its first and the one after its last. */
export function partInView(scroller, { n, height, starts }) {
  const first = Math.floor(scroller.scrollTop / height) - ROWS_BEYOND;
  const end = Math.ceil((scroller.scrollTop + scroller.clientHeight) / height) + ROWS_BEYOND;
  const left = columnAt(starts, scroller.scrollLeft) - COLUMNS_BEYOND;
  const right = columnAt(starts, scroller.scrollLeft + scroller.clientWidth) + COLUMNS_BEYOND;
  return {
    rows: [Math.max(0, Math.min(first, n - 1)), Math.min(n, Math.max(end, 0))],
    columns: [Math.max(0, left), Math.min(starts.length - 1, right + 1)],
  };
}

/** Return the column that lies at so many pixels: the last one that begins before. */
export function columnAt(starts, pixels) {
  let at = 0;
  while (at < starts.length - 2 && starts[at + 1] <= pixels) at += 1;
  return at;
}

/** Return how much of the box its headings cover, which stay in view. */
export function frameOf(scroller) {
  const head = scroller.querySelector("thead");
  const corner = head?.querySelector("th");
  return { top: head?.offsetHeight ?? 0, left: corner?.offsetWidth ?? 0 };
}

/** Return the least change of an offset that puts both ends into view. */
export function nearest(offset, length, [start, end]) {
  if (start < offset) return start;
  return Math.max(offset, end - length);
}
