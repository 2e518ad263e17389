/**
 * Moves labels apart along a line: positions are at least `gap` apart and within the limits, in the order of the
 * wanted ones, with the least sum of squared displacements (pool-adjacent-violators, which merges neighbours that want
 * the same place into blocks).
 *
 * @param wanted positions in any order
 * @param limits if they leave too little room, the upper one is exceeded
 * @returns positions in the order of `wanted`
 */
export function spread(wanted: readonly number[], gap: number, limits: readonly [number, number]): number[] {
  const order = wanted
    .map((position, index) => ({ position, index }))
    .sort((a, b) => a.position - b.position);
  const blocks: { members: number[]; sum: number }[] = [];
  for (const [rank, { position, index }] of order.entries()) {
    // The gaps before each member are subtracted; then only the order has to be kept.
    blocks.push({ members: [index], sum: position - rank * gap });
    for (;;) {
      const last = blocks.at(-1);
      const before = blocks.at(-2);
      if (last === undefined || before === undefined || mean(before) < mean(last)) break;
      before.members.push(...last.members);
      before.sum += last.sum;
      blocks.pop();
    }
  }
  const highest = Math.max(limits[0], limits[1] - (wanted.length - 1) * gap);
  const placed = wanted.map(() => 0);
  let rank = 0;
  for (const block of blocks) {
    const start = Math.min(highest, Math.max(limits[0], mean(block)));
    for (const index of block.members) placed[index] = start + rank++ * gap;
  }
  return placed;
}

function mean(block: { readonly members: readonly number[]; readonly sum: number }): number {
  return block.sum / block.members.length;
}
