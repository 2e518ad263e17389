import type { Neighbors } from './neighbors.ts';

/** The most frequent class among the neighbours; the lowest, if several are equally frequent. */
export function voteOfNeighbors({ k, indices }: Neighbors, labels: ArrayLike<number>): Int32Array {
  const winners = new Int32Array(indices.length / k);
  for (let query = 0; query < winners.length; query++) {
    const votes = new Map<number, number>();
    for (const index of indices.subarray(query * k, (query + 1) * k)) {
      const label = labels[index] ?? 0;
      votes.set(label, (votes.get(label) ?? 0) + 1);
    }
    const [winner] = [...votes].sort(([one, most], [other, more]) => more - most || one - other);
    winners[query] = winner?.[0] ?? 0;
  }
  return winners;
}
