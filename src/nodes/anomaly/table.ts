/** The table of scores, which figures read again. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCsv, writeCsv, type CsvValue } from '../../formats/csv.ts';
import type { StoredImages } from '../../formats/images.ts';
import { failure } from '../../core/diagnostic.ts';
import type { Scored } from './judge.ts';
import { FILES } from './names.ts';

/** A row for each image, from the highest score to the lowest. */
export function scoreTable(
  { labels, classes, names: { files } }: Pick<StoredImages, 'labels' | 'classes' | 'names'>,
  { scores, threshold, anomalous }: Scored,
): string {
  const columns: readonly (readonly [string, (row: number) => CsvValue])[] = [
    ['image', (row) => row],
    ...(files === undefined ? [] : [['file', (row: number) => files[row]] as const]),
    ...(labels === undefined
      ? []
      : [['class', (row: number) => classes?.[labels[row] ?? 0] ?? String(labels[row])] as const]),
    ...(anomalous === undefined ? [] : [['anomalous', (row: number) => anomalous[row]] as const]),
    ['score', (row) => scores[row]],
    ['flagged', (row) => (scores[row] ?? 0) > threshold],
  ];
  const rows = byScore(scores).map((row) => columns.map(([, cell]) => cell(row)));
  return writeCsv([columns.map(([name]) => name), ...rows], '\n');
}

/** The numbers of images, from the highest score to the lowest; of equal scores, in order. */
export function byScore(scores: Float64Array): readonly number[] {
  return Array.from(scores, (_, row) => row).sort(
    (one, other) => (scores[other] ?? 0) - (scores[one] ?? 0) || one - other,
  );
}

/**
 * Reads the scores of a finished stage, from the highest to the lowest.
 *
 * @throws Failure `data-corrupt`
 */
export async function readScores(folder: string): Promise<Omit<Scored, 'threshold'>> {
  const path = join(folder, FILES.scores);
  const [head, ...rows] = (readCsv(await readFile(path, 'utf8')) ?? []).map(({ cells }) => cells);
  const [score, anomalous] = ['score', 'anomalous'].map((name) => head?.indexOf(name) ?? -1);
  const scores = Float64Array.from(rows, (cells) => Number(cells[score ?? -1] ?? Number.NaN));
  if (scores.length === 0 || !scores.every(Number.isFinite))
    throw failure('data-corrupt', `\`${path}\` is not a table of scores`);
  if (anomalous === undefined || anomalous < 0) return { scores };
  return { scores, anomalous: rows.map((cells) => cells[anomalous] === 'true') };
}
