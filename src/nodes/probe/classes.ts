/** A table of the classifiers' results by class. */
import { writeCsv, type CsvValue } from '../../formats/csv.ts';

/** The classes that one classifier predicted for the test samples. */
export interface Found {
  /** `knn`, `baseline_logistic` */
  readonly name: string;
  readonly labels: Int32Array;
}

/**
 * A row per class: its number of test samples and, for each classifier, the share classified correctly, the class most often
 * predicted for the others, and how often.
 *
 * @param truth true label of each test sample
 * @param classes names by label; a class without a name is called by its label
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

/** The most frequent label (the lowest, if several are equally frequent), and how often it occurs. */
function mostFrequent(labels: readonly number[]): readonly [number, number] | undefined {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort(([one, times], [other, more]) => more - times || one - other)[0];
}
