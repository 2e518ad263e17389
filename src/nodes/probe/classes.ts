/** What classifiers make of each class, as a table. */
import { writeCsv, type CsvValue } from '../../formats/csv.ts';

/** The classes that one classifier found for the test samples. */
export interface Found {
  /** `knn`, `baseline_logistic` */
  readonly name: string;
  readonly labels: Int32Array;
}

/**
 * A row for each class: how many test samples it has, and for each classifier the share that it classified correctly; then the
 * class that it most often took the others for, and how many.
 *
 * @param truth the label of each test sample
 * @param classes names by label; a class without one is called by its label
 */
export function classTable(
  truth: Int32Array,
  found: readonly Found[],
  classes: readonly string[] = [],
): string {
  const name = (label: number): string => classes[label] ?? String(label);
  const samples = new Map<number, number[]>();
  truth.forEach((label, sample) => {
    const own = samples.get(label);
    if (own === undefined) samples.set(label, [sample]);
    else own.push(sample);
  });
  const rows = [...samples]
    .sort(([one], [other]) => one - other)
    .map(([label, own]): readonly CsvValue[] => {
      const mistakes = found.map(({ labels }) =>
        own.flatMap((sample) => (labels[sample] === label ? [] : [labels[sample] ?? 0])),
      );
      const shares = mistakes.map((wrong) => (own.length - wrong.length) / own.length);
      const mistakenFor = mistakes.map((wrong) => {
        const [mistake, count] = mostFrequent(wrong) ?? [];
        return mistake === undefined ? undefined : `${name(mistake)} (${count})`;
      });
      return [name(label), own.length, ...shares, ...mistakenFor];
    });
  const columns = [
    ...found.map((one) => `${one.name}_accuracy`),
    ...found.map((one) => `${one.name}_mistaken_for`),
  ];
  return writeCsv([['class', 'test_samples', ...columns], ...rows], '\n');
}

/** The most frequent of some labels, the lowest of equally frequent ones, and how often it is there. */
function mostFrequent(labels: readonly number[]): readonly [number, number] | undefined {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort(([one, times], [other, more]) => more - times || one - other)[0];
}
