// Where pictures go: rows of equal height that fill the width, from the sizes that the server tells, before a picture is loaded.

const NARROWEST = 0.5;
const WIDEST = 3.2;
const GAP = 6;

export const rowHeight = width => width < 600 ? 128 : width < 1100 ? 190 : width < 1900 ? 230 : 270;

function ratio({width, height}) {
  return width > 0 && height > 0 ? Math.min(WIDEST, Math.max(NARROWEST, width / height)) : 1;
}

// Adds rows for the pictures that have none yet. What is placed stays where it is.
export class Layout {
  constructor(width) {
    this.width = width;
    this.target = rowHeight(width);
    this.boxes = [];
    this.rows = [];
    this.height = 0;
  }

  // With `isEnd` the last row is placed as well, though it does not fill the width.
  place(pictures, isEnd) {
    let start = this.boxes.length;
    let sum = 0;
    for (let i = start; i < pictures.length; i++) {
      sum += ratio(pictures[i]);
      const room = this.width - GAP * (i - start);
      if (room / sum <= this.target) {
        this.#row(pictures, start, i + 1, room / sum, true);
        start = i + 1;
        sum = 0;
      }
    }
    if (isEnd && start < pictures.length) this.#row(pictures, start, pictures.length, this.target, false);
  }

  #row(pictures, start, end, exact, fills) {
    const height = Math.round(exact);
    let left = 0;
    for (let i = start; i < end; i++) {
      const width = fills && i === end - 1 ? this.width - left : Math.round(ratio(pictures[i]) * exact);
      this.boxes.push({left, top: this.height, width, height, row: this.rows.length});
      left += width + GAP;
    }
    this.rows.push({top: this.height, height, start, end});
    this.height += height + GAP;
  }

  // The number of the row at a height: the first one that ends below it.
  rowAt(top) {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle].top + this.rows[middle].height < top) low = middle + 1;
      else high = middle;
    }
    return Math.min(low, this.rows.length - 1);
  }

  // The picture of the row above or below that is nearest to the middle of this one.
  beside(index, rows) {
    const box = this.boxes[index];
    const row = this.rows[box.row + rows];
    if (!row) return index;
    const middle = box.left + box.width / 2;
    let best = row.start;
    for (let i = row.start; i < row.end; i++) {
      const distance = other => Math.abs(this.boxes[other].left + this.boxes[other].width / 2 - middle);
      if (distance(i) < distance(best)) best = i;
    }
    return best;
  }
}
