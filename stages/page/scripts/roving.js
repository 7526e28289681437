// One tab stop for a grid: the arrow keys move in it, and the focus with them.

const STEPS = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  PageUp: [-4, 0],
  PageDown: [4, 0],
  Home: [0, -Infinity],
  End: [0, Infinity],
};

/**
 * Let the keys move in a grid of buttons, some of whose cells may be empty.
 * @param {HTMLTableElement} table
 * @param {function(number, number): *} there what a cell holds, undefined if it is empty
 * @param {function(): number[]} size how many rows and columns there are
 * @returns {function(Object): void} to be called with the grid after each drawing
 */
export function reachable(table, there, size) {
  let grid = null;
  let active = { row: 0, column: 0 };
  let marked = null;

  const stop = () => grid?.at(active.row, active.column)?.querySelector("button");

  function mark() {
    if (!stop()) active = firstThere();
    if (stop() === marked) return;
    marked?.setAttribute("tabindex", "-1");
    marked = stop();
    marked?.setAttribute("tabindex", "0");
  }

  /** Return the first place in view, or after it, that holds something. */
  function firstThere() {
    const { row, column } = grid.first();
    const [n, m] = size();
    for (let i = row; i < n && grid.at(i, column); i += 1)
      for (let j = column; j < m && grid.at(i, j); j += 1)
        if (there(i, j) !== undefined) return { row: i, column: j };
    return active;
  }

  function go(by) {
    const next = neighbour(active, by, there, size());
    if (!next) return;
    active = next;
    grid.reveal(active.row, active.column);
    mark();
    stop()?.focus({ preventScroll: true });
  }

  table.addEventListener("focusin", ({ target }) => {
    const cell = target.closest("td");
    if (!cell) return;
    active = {
      row: cell.parentElement.getAttribute("aria-rowindex") - 2,
      column: cell.getAttribute("aria-colindex") - 2,
    };
    mark();
  });
  table.parentElement.addEventListener("keydown", (event) => {
    if (!(event.key in STEPS) || event.altKey || event.metaKey) return;
    event.preventDefault();
    const [down, right] = STEPS[event.key];
    // With the control key the ends of the grid, not of the row.
    const far = event.ctrlKey && Math.abs(right) === Infinity;
    go([far ? right : down, right]);
  });

  return (drawn) => {
    grid = drawn;
    if (grid) mark();
  };
}

/** Return the next place in a direction that holds something; the last one for a jump. */
function neighbour({ row, column }, [down, right], there, [n, m]) {
  const within = (value, most) => Math.max(0, Math.min(value, most - 1));
  const aim = { row: within(row + down, n), column: within(column + right, m) };
  const back = [Math.sign(row - aim.row), Math.sign(column - aim.column)];
  const steps = Math.abs(down) === 1 || Math.abs(right) === 1 ? [-back[0], -back[1]] : back;
  for (let at = aim; inside(at, n, m); at = moved(at, steps)) {
    if (at.row === row && at.column === column) return null;
    if (there(at.row, at.column) !== undefined) return at;
  }
  return null;
}

function inside({ row, column }, n, m) {
  return row >= 0 && row < n && column >= 0 && column < m;
}

function moved({ row, column }, [down, right]) {
  return { row: row + down, column: column + right };
}
