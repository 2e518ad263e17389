/**
 * A quadtree over points in a plane, for forces that decrease with distance: distant cells act as one point, as in J. Barnes, P.
 * Hut, "A hierarchical O(N log N) force-calculation algorithm", Nature 324, 1986.
 */

/** Maximum points in a cell that is not divided. */
const LEAF = 8;
/** Maximum depth: deeper, points count as equal. */
const DEPTH = 48;

export class Quadtree {
  /** The points in the order of the cells: x and y of each. */
  readonly #points: Float64Array;
  /** Their numbers. */
  readonly #order: Int32Array;
  /** For each cell: where its points begin and end, and its first child or -1. The four children are consecutive. */
  #first: Int32Array;
  #last: Int32Array;
  #child: Int32Array;
  /** For each cell: its width, and the centre of its points. */
  #width: Float64Array;
  #centerX: Float64Array;
  #centerY: Float64Array;
  #cells = 0;
  readonly #stack = new Int32Array(4 * DEPTH + 4);

  /** @param points x and y of each, all finite */
  constructor(points: Float64Array) {
    const count = points.length / 2;
    const room = Math.max(16, count);
    this.#order = Int32Array.from({ length: count }, (_, index) => index);
    this.#first = new Int32Array(room);
    this.#last = new Int32Array(room);
    this.#child = new Int32Array(room);
    this.#width = new Float64Array(room);
    this.#centerX = new Float64Array(room);
    this.#centerY = new Float64Array(room);
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let index = 0; index < points.length; index += 2) {
      const x = points[index] ?? 0;
      const y = points[index + 1] ?? 0;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
    const cell = this.#addCells(1);
    this.#first[cell] = 0;
    this.#last[cell] = count;
    const half = Math.max(right - left, bottom - top) / 2;
    this.#divide(points, cell, (left + right) / 2, (top + bottom) / 2, half, 0);
    this.#points = new Float64Array(points.length);
    this.#order.forEach((point, place) => {
      this.#points[2 * place] = points[2 * point] ?? 0;
      this.#points[2 * place + 1] = points[2 * point + 1] ?? 0;
    });
  }

  /**
   * The repulsion of t-SNE on each point: with w = 1 / (1 + d²), the sum of w² times the difference from each other point.
   *
   * @param theta cells whose width is less than this share of their distance act as one point; 0 is exact
   * @param forces filled with x and y for each point
   * @returns the sum of w over all ordered pairs: t-SNE's Z
   */
  repel(theta: number, forces: Float64Array): number {
    let total = 0;
    for (let place = 0; place < this.#order.length; place++) total += this.#repelOne(place, theta, forces);
    return total;
  }

  #repelOne(place: number, theta: number, forces: Float64Array): number {
    const stack = this.#stack;
    const points = this.#points;
    const firsts = this.#first;
    const lasts = this.#last;
    const children = this.#child;
    const widths = this.#width;
    const centersX = this.#centerX;
    const centersY = this.#centerY;
    const limit = theta * theta;
    const x = points[2 * place] ?? 0;
    const y = points[2 * place + 1] ?? 0;
    let forceX = 0;
    let forceY = 0;
    let sum = 0;
    let height = 1;
    stack[0] = 0;
    while (height > 0) {
      const cell = stack[--height] ?? 0;
      const first = firsts[cell] ?? 0;
      const last = lasts[cell] ?? 0;
      const dx = x - (centersX[cell] ?? 0);
      const dy = y - (centersY[cell] ?? 0);
      const square = dx * dx + dy * dy;
      const width = widths[cell] ?? 0;
      const child = children[cell] ?? 0;
      if (width * width < limit * square && (place < first || place >= last)) {
        const weight = 1 / (1 + square);
        const weights = (last - first) * weight;
        sum += weights;
        forceX += weights * weight * dx;
        forceY += weights * weight * dy;
      } else if (child >= 0) {
        for (let quarter = child; quarter < child + 4; quarter++) {
          if ((lasts[quarter] ?? 0) > (firsts[quarter] ?? 0)) stack[height++] = quarter;
        }
      } else {
        for (let other = first; other < last; other++) {
          if (other === place) continue;
          const ox = x - (points[2 * other] ?? 0);
          const oy = y - (points[2 * other + 1] ?? 0);
          const weight = 1 / (1 + ox * ox + oy * oy);
          sum += weight;
          forceX += weight * weight * ox;
          forceY += weight * weight * oy;
        }
      }
    }
    const point = this.#order[place] ?? 0;
    forces[2 * point] = forceX;
    forces[2 * point + 1] = forceY;
    return sum;
  }

  #addCells(count: number): number {
    const cell = this.#cells;
    this.#cells += count;
    if (this.#cells > this.#first.length) {
      const grow = <Kind extends Int32Array | Float64Array>(array: Kind, larger: Kind): Kind => {
        larger.set(array);
        return larger;
      };
      const room = 2 * this.#cells;
      this.#first = grow(this.#first, new Int32Array(room));
      this.#last = grow(this.#last, new Int32Array(room));
      this.#child = grow(this.#child, new Int32Array(room));
      this.#width = grow(this.#width, new Float64Array(room));
      this.#centerX = grow(this.#centerX, new Float64Array(room));
      this.#centerY = grow(this.#centerY, new Float64Array(room));
    }
    return cell;
  }

  /** Computes a cell's width and centre, and divides it into quarters around (x, y). */
  #divide(points: Float64Array, cell: number, x: number, y: number, half: number, depth: number): void {
    const first = this.#first[cell] ?? 0;
    const last = this.#last[cell] ?? 0;
    let sumX = 0;
    let sumY = 0;
    for (let place = first; place < last; place++) {
      const point = this.#order[place] ?? 0;
      sumX += points[2 * point] ?? 0;
      sumY += points[2 * point + 1] ?? 0;
    }
    this.#centerX[cell] = sumX / (last - first);
    this.#centerY[cell] = sumY / (last - first);
    this.#width[cell] = 2 * half;
    this.#child[cell] = -1;
    if (last - first <= LEAF || depth === DEPTH) return;

    const middle = this.#part(points, first, last, 1, y);
    const upper = this.#part(points, first, middle, 0, x);
    const lower = this.#part(points, middle, last, 0, x);
    const child = this.#addCells(4);
    this.#child[cell] = child;
    const ends = [first, upper, middle, lower, last];
    for (let quarter = 0; quarter < 4; quarter++) {
      this.#first[child + quarter] = ends[quarter] ?? 0;
      this.#last[child + quarter] = ends[quarter + 1] ?? 0;
      if (ends[quarter] === ends[quarter + 1]) continue;
      const toX = x + (quarter % 2 === 0 ? -half : half) / 2;
      const toY = y + (quarter < 2 ? -half : half) / 2;
      this.#divide(points, child + quarter, toX, toY, half / 2, depth + 1);
    }
  }

  /** Partitions a range of points: those whose coordinate is below `limit` come first. Returns where the others begin. */
  #part(points: Float64Array, first: number, last: number, axis: number, limit: number): number {
    const order = this.#order;
    let end = first;
    for (let place = first; place < last; place++) {
      const point = order[place] ?? 0;
      if ((points[2 * point + axis] ?? 0) >= limit) continue;
      order[place] = order[end] ?? 0;
      order[end++] = point;
    }
    return end;
  }
}
