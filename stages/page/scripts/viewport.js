// A grid of which only the rows and columns in view exist, so that thousands scroll.

import { element } from "./elements.js";

const ROWS_BEYOND = 3;
const COLUMNS_BEYOND = 2;

/**
 * Keep those cells of a table in its scrolling box that are in view, or nearly so.
 *
 * The table has a fixed layout: its `<col>`s give the widths, so that no cell is ever
 * measured. Empty cells and rows stand for what is not there.
 * @param {HTMLElement} scroller
 * @param {HTMLTableSectionElement} body
 * @param {Object} parts
 * @param {function(number): HTMLElement} parts.heading makes the first cell of a row
 * @param {function(number, number): HTMLElement} parts.cell makes a cell
 * @param {function(HTMLElement): void} [parts.dropped] hears of what is taken away
 * @param {function(): void} [parts.drawn] is called after what is there has changed
 */
export function viewportGrid(scroller, body, { heading, cell, dropped, drawn }) {
  const above = spaceRow();
  const below = spaceRow();
  const rows = new Map();
  let size = { n: 0, height: 1, starts: [0, 0] };
  let shown = { rows: [0, 0], columns: [0, 0] };
  body.replaceChildren(above, below);

  const draw = () => {
    const next = partInView(scroller, size);
    if (`${next.rows},${next.columns}` === `${shown.rows},${shown.columns}`) return;
    shown = next;
    update();
    drawn?.();
  };

  function update() {
    const focused = document.activeElement;
    const had = body.contains(focused);
    const [first, end] = shown.rows;
    for (const at of rows.keys()) if (at < first || at >= end) drop(at);
    let after = below;
    for (let at = end - 1; at >= first; at -= 1) {
      const row = rows.get(at) ?? made(at);
      fill(row, at, shown.columns);
      if (row.element.nextSibling !== after) body.insertBefore(row.element, after);
      after = row.element;
    }
    stretch(above, first * size.height);
    stretch(below, (size.n - end) * size.height);
    // What had the focus and went out of view leaves it to the box: keys still work.
    if (had && !focused.isConnected) scroller.focus({ preventScroll: true });
  }

  function made(at) {
    const [left, right] = [spaceCell(), spaceCell()];
    const line = element("tr", { "aria-rowindex": at + 2 }, heading(at), left, right);
    const row = { element: line, left, right, cells: new Map() };
    rows.set(at, row);
    return row;
  }

  function fill(row, at, [first, end]) {
    for (const [column, one] of row.cells) {
      if (column >= first && column < end) continue;
      row.cells.delete(column);
      leave(one);
    }
    let after = row.right;
    for (let column = end - 1; column >= first; column -= 1) {
      const one = row.cells.get(column) ?? cell(at, column);
      row.cells.set(column, one);
      one.setAttribute("aria-colindex", column + 2);
      if (one.nextSibling !== after) row.element.insertBefore(one, after);
      after = one;
    }
    widen(row.left, first);
    widen(row.right, size.starts.length - 1 - end);
  }

  function drop(at) {
    leave(rows.get(at).element);
    rows.delete(at);
  }

  function leave(one) {
    dropped?.(one);
    one.remove();
  }

  scroller.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(scroller);

  return {
    /**
     * Show other rows and columns, all of them made anew.
     * @param {{n: number, height: number, starts: number[]}} given how many rows, how
     * high each, where columns begin in pixels behind the first, and where they end
     */
    renew(given) {
      size = given;
      for (const at of [...rows.keys()]) drop(at);
      shown = { rows: [0, 0], columns: [0, 0] };
      stretch(above, 0);
      stretch(below, size.n * size.height);
      draw();
    },
    /** Return the cell in this place, undefined if it is out of view. */
    at: (row, column) => rows.get(row)?.cells.get(column),
    /** Scroll until the cell in this place is in full view. */
    reveal(row, column) {
      const { top, left } = frameOf(scroller);
      const ends = [size.starts[column], size.starts[column + 1]];
      scroller.scrollTop = nearest(
        scroller.scrollTop,
        scroller.clientHeight - top,
        [row * size.height, (row + 1) * size.height],
      );
      scroller.scrollLeft = nearest(scroller.scrollLeft, scroller.clientWidth - left, ends);
      draw();
    },
    /** Return the first row and column in view. */
    first: () => ({
      row: Math.floor(scroller.scrollTop / size.height),
      column: columnAt(size.starts, scroller.scrollLeft),
    }),
  };
}

/** Return the rows and columns in view, each as its first and the one after its last. */
function partInView(scroller, { n, height, starts }) {
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
function columnAt(starts, pixels) {
  let at = 0;
  while (at < starts.length - 2 && starts[at + 1] <= pixels) at += 1;
  return at;
}

/** Return how much of the box its headings cover, which stay in view. */
function frameOf(scroller) {
  const head = scroller.querySelector("thead");
  const corner = head?.querySelector("th");
  return { top: head?.offsetHeight ?? 0, left: corner?.offsetWidth ?? 0 };
}

/** Return the least change of an offset that puts both ends into view. */
function nearest(offset, length, [start, end]) {
  if (start < offset) return start;
  return Math.max(offset, end - length);
}

function spaceRow() {
  return element("tr", { class: "space", "aria-hidden": "true", hidden: true });
}

function spaceCell() {
  return element("td", { class: "space", "aria-hidden": "true", hidden: true });
}

function stretch(row, height) {
  row.hidden = height <= 0;
  row.style.height = `${height}px`;
}

function widen(cell, n) {
  cell.hidden = n <= 0;
  cell.colSpan = Math.max(1, n);
}

/** Return the widths of a table's columns as elements: its layout is fixed by them. */
export function columnWidths(widths) {
  const columns = widths.map((width) => {
    const column = element("col");
    column.style.width = `${width}px`;
    return column;
  });
  return element("colgroup", {}, ...columns);
}
