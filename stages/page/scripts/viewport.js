// A grid of which only the rows and columns in view exist, so that thousands scroll.

import { element } from "./elements.js";
import { columnAt, frameOf, nearest, partInView } from "./in_view.js";

/**
 * Keep those cells of a table in its scrolling box that are in view, or nearly so.
 *
 * The table has a fixed layout: its `<col>`s give the widths, so that no cell is ever
 * measured. Empty cells and rows stand for what is not there. What goes out of view is
 * filled anew and used again: while one scrolls, no element is made.
 * @param {HTMLElement} scroller
 * @param {HTMLTableSectionElement} body
 * @param {Object} parts
 * @param {function(number, HTMLElement=): HTMLElement} parts.heading fills the first
 * cell of a row, a new one if none is given
 * @param {function(number, number, HTMLElement=): HTMLElement} parts.cell fills a cell,
 * a new one if none is given
 * @param {function(HTMLElement): void} [parts.dropped] hears of what is taken away
 * @param {function(): void} [parts.drawn] is called after what is there has changed
 */
export function viewportGrid(scroller, body, { heading, cell, dropped, drawn }) {
  const above = spaceRow();
  const below = spaceRow();
  const rows = new Map();
  const spare = [];
  let size = { n: 0, height: 1, starts: [0, 0] };
  let shown = { rows: [0, 0], columns: [0, 0] };
  body.replaceChildren(above, below);

  const draw = () => {
    const next = partInView(scroller, size);
    if (`${next.rows},${next.columns}` !== `${shown.rows},${shown.columns}`) update(next);
  };

  function update(next, isAnew = false) {
    const before = focusedPlace(body);
    shown = next;
    const [first, end] = shown.rows;
    const free = takenOut(rows, (at) => isAnew || at < first || at >= end);
    let after = below;
    for (let at = end - 1; at >= first; at -= 1) {
      const row = rows.get(at) ?? filledRow(at, free.pop() ?? spare.pop());
      fill(row, at);
      if (row.element.nextSibling !== after) body.insertBefore(row.element, after);
      after = row.element;
    }
    for (const row of free) leave(row.element);
    spare.push(...free);
    stretch(above, first * size.height);
    stretch(below, (size.n - end) * size.height);
    // What had the focus and went out of view leaves it to the box: keys still work.
    if (before && focusedPlace(body) !== before) scroller.focus({ preventScroll: true });
    drawn?.();
  }

  function filledRow(at, row = newRow()) {
    const first = heading(at, row.heading);
    if (!row.heading) row.element.prepend(first);
    row.heading = first;
    row.element.setAttribute("aria-rowindex", at + 2);
    row.isStale = true;
    rows.set(at, row);
    return row;
  }

  function fill(row, at) {
    const [first, end] = shown.columns;
    const free = takenOut(row.cells, (column) => row.isStale || column < first || column >= end);
    row.isStale = false;
    let after = row.right;
    for (let column = end - 1; column >= first; column -= 1) {
      const one =
        row.cells.get(column) ?? filledCell(row, at, column, free.pop() ?? row.spare.pop());
      if (one.nextSibling !== after) row.element.insertBefore(one, after);
      after = one;
    }
    for (const one of free) leave(one);
    row.spare.push(...free);
    widen(row.left, first);
    widen(row.right, size.starts.length - 1 - end);
  }

  function filledCell(row, at, column, free) {
    const one = cell(at, column, free);
    one.setAttribute("aria-colindex", column + 2);
    row.cells.set(column, one);
    return one;
  }

  function leave(one) {
    dropped?.(one);
    one.remove();
  }

  scroller.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(scroller);

  return {
    /**
     * Show other rows and columns, all of them filled anew.
     * @param {{n: number, height: number, starts: number[]}} given how many rows, how
     * high each, where columns begin in pixels behind the first, and where they end
     */
    renew(given) {
      size = given;
      // What is in view may depend on how far the box can be scrolled.
      for (const row of rows.values()) row.element.hidden = true;
      stretch(above, 0);
      stretch(below, size.n * size.height);
      const next = partInView(scroller, size);
      for (const row of rows.values()) row.element.hidden = false;
      update(next, true);
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

/**
 * Take what is free again out of a map, in order of its numbers.
 *
 * If something stays, the elements leave the page, so that what stays need not move to
 * make place; if nothing does, they are where they are wanted.
 */
function takenOut(map, isFree) {
  const free = [...map].filter(([at]) => isFree(at)).sort(([a], [b]) => a - b);
  for (const [at] of free) map.delete(at);
  if (map.size) for (const [, one] of free) (one.element ?? one).remove();
  return free.map(([, one]) => one);
}

/** Return what has the focus and its place in the table; an empty text if none has. */
function focusedPlace(body) {
  const focused = document.activeElement;
  if (!body.contains(focused)) return "";
  const row = focused.closest("[aria-rowindex]")?.getAttribute("aria-rowindex");
  const column = focused.closest("[aria-colindex]")?.getAttribute("aria-colindex");
  return `${row},${column}`;
}

function newRow() {
  const [left, right] = [spaceCell(), spaceCell()];
  const made = element("tr", {}, left, right);
  return { element: made, left, right, cells: new Map(), spare: [] };
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
