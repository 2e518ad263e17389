/** Tables of metrics by class and by image. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCsv, type CsvValue } from '../../formats/csv.ts';
import type { StoredImages } from '../../formats/images.ts';
import type { EvaluateSettings } from '../../schema/generated/settings.ts';
import { meanOf, standardErrorOf } from '../../core/statistics.ts';
import type { Split } from '../../core/stage-type.ts';
import type { StageContext } from '../contract.ts';

/** The metrics of the images of a split. */
export interface MeasuredImages {
  readonly split: Split;
  readonly images: Pick<StoredImages, 'count' | 'labels' | 'classes' | 'names'>;
  /** A value for each image, by metric. */
  readonly values: ReadonlyMap<string, Float64Array>;
}

/** Writes the requested tables. Returns their files. */
export async function writeTables(
  { settings, folder }: Pick<StageContext<EvaluateSettings>, 'settings' | 'folder'>,
  measured: readonly MeasuredImages[],
): Promise<readonly string[]> {
  const tables = { class: ['classes.csv', byClass], image: ['images.csv', byImage] } as const;
  const files: string[] = [];
  for (const by of settings.by ?? []) {
    const [file, rowsOf] = tables[by];
    const parts = measured.map((part) => ({ part, ...rowsOf(part) }));
    const columns = [...new Set(parts.flatMap((table) => table.columns))];
    const rows = parts.flatMap(({ part, rows: own }) =>
      own.map((row) => [
        ...(settings.split === 'all' ? [part.split] : []),
        ...columns.map((name) => row.get(name)),
      ]),
    );
    const head = [...(settings.split === 'all' ? ['split'] : []), ...columns];
    await writeFile(join(folder, file), writeCsv([head, ...rows], '\n'));
    files.push(file);
  }
  return files;
}

interface Table {
  readonly columns: readonly string[];
  /** Cells by their column. */
  readonly rows: readonly ReadonlyMap<string, CsvValue>[];
}

/** A row for each class, then one for all images, with a name that no class has. */
function byClass({ images, values }: MeasuredImages): Table {
  const { count, labels, classes } = images;
  const members = new Map<number, number[]>();
  for (let row = 0; row < count; row++) {
    const label = labels?.[row] ?? 0;
    const own = members.get(label);
    if (own === undefined) members.set(label, [row]);
    else own.push(row);
  }
  const columns = [...values.keys()].flatMap((metric) => [metric, `${metric}_standard_error`]);
  const summary = (name: string, own: (all: Float64Array) => Float64Array) => {
    const cells = [...values].flatMap(([metric, all]): readonly (readonly [string, CsvValue])[] => {
      const chosen = own(all);
      const error = standardErrorOf(chosen);
      return [
        [metric, meanOf(chosen)],
        [`${metric}_standard_error`, Number.isNaN(error) ? undefined : error],
      ];
    });
    return new Map<string, CsvValue>([['class', name], ...cells]);
  };
  const rows = [...members]
    .sort(([one], [other]) => one - other)
    .map(([label, own]) => {
      const name = classes?.[label] ?? String(label);
      const cells = summary(name, (all) => Float64Array.from(own, (row) => all[row] ?? Number.NaN));
      return cells.set('images', own.length);
    });
  const named = new Set(rows.map((row) => row.get('class')));
  let name = 'all';
  while (named.has(name)) name = `(${name})`;
  const whole = summary(name, (all) => all).set('images', count);
  return { columns: ['class', 'images', ...columns], rows: [...rows, whole] };
}

/** A row for each image: its number, its file if it has one, its class if it has one. */
function byImage({ images, values }: MeasuredImages): Table {
  const { count, labels, classes, names } = images;
  const { files } = names;
  const columns = [
    'image',
    ...(files === undefined ? [] : ['file']),
    ...(labels === undefined ? [] : ['class']),
    ...values.keys(),
  ];
  const rows = Array.from({ length: count }, (_, row) => {
    const label = labels?.[row] ?? 0;
    return new Map<string, CsvValue>([
      ['image', row],
      ['file', files?.[row]],
      ['class', classes?.[label] ?? String(label)],
      ...[...values].map(([metric, all]) => [metric, all[row]] as const),
    ]);
  });
  return { columns, rows };
}
