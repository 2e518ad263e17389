/** The source `csv`: tables with the pixels of one image in each row, such as Kaggle's digits. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CsvDatasetSettings } from '../../../schema/generated/settings.ts';
import { namesOf } from '../../../formats/image-names.ts';
import { atSetting, failure } from '../../../core/diagnostic.ts';
import { printable } from '../../../core/text.ts';
import type { Split } from '../../../core/stage-type.ts';
import type { NamedSplit } from '../arrays/class-labels.ts';
import { identitiesOf, ownArrays } from '../arrays/own-arrays.ts';
import { areNumbers } from '../names.ts';
import { arraySource, firstRows, type RawImages } from '../raw.ts';

const KEYS = { train: 'path', test: 'test_path' } as const;

const files = ({ path, test_path }: CsvDatasetSettings) => ({ path, test_path });

export const csv = ownArrays<CsvDatasetSettings>({
  containers: ['table'],
  describe: ({ shape: [height, width, channels = 1], test_path: test }) => ({
    ...(height === undefined || width === undefined ? {} : { shape: [height, width, channels] }),
    splits: test === undefined ? ['train'] : ['train', 'test'],
  }),
  files,
  fingerprint: (settings, folder) => identitiesOf({ files }, settings, folder),
  readSplit,
});

/** @throws Failure `data-missing` or `data-corrupt` */
async function readSplit(
  settings: CsvDatasetSettings,
  folder: string,
  split: Split,
): Promise<NamedSplit | undefined> {
  const at = KEYS[split];
  const name = settings[at];
  if (name === undefined) return undefined;
  const { readNumberTable } = await import('../../../formats/number-table.ts');
  const path = resolve(folder, name);
  const info = await stat(path).catch(() => undefined);
  const { rows: most, above } = firstRows(settings, split);
  const limit = (info?.size ?? 0) > above ? most : Infinity;
  const label = settings.label ?? undefined;
  const table = await atSetting([at], () =>
    readNumberTable(path, { limit, ...(label === undefined ? {} : { label }) }),
  );
  if (split === 'test') await checkOrder(settings, folder, table.columns);
  checkNumbering(settings, split, table.columns);
  const { data, rows, width, labels } = table;
  if (labels !== undefined) checkNegative(labels, name, at);
  return {
    images: {
      ...{
        shape: [rows, width],
        data,
        kind: data instanceof Float32Array ? 'float' : 'integer',
        dtype: typeOf(data),
      },
      ...{ name: `\`${name}\``, at },
    },
    names: namesOf(arraySource(data), rows),
    ...(labels === undefined
      ? {}
      : {
          labels: {
            shape: [rows],
            data: areNumbers(labels) ? Int32Array.from(labels, Number) : labels,
            name: `the column of labels of \`${name}\``,
            at,
          },
        }),
  };
}

/** Columns with the same names in another order would be different pixels. */
async function checkOrder(
  { path, test_path: test, label }: CsvDatasetSettings,
  folder: string,
  columns: readonly string[] | undefined,
): Promise<void> {
  if (columns === undefined) return;
  const { readNumberTable } = await import('../../../formats/number-table.ts');
  const options = { limit: 1, ...(label === null ? {} : { label }) };
  const { columns: wanted } = await readNumberTable(resolve(folder, path), options);
  const place = columns.findIndex((name, index) => name !== wanted?.[index]);
  if (wanted === undefined || place < 0 || wanted.toSorted().join('\n') !== columns.toSorted().join('\n'))
    return;
  throw failure(
    'data-corrupt',
    `\`${test}\` has the columns of \`${path}\` in another order: \`${printable(columns[place] ?? '')}\` in place of \`${printable(wanted[place] ?? '')}\``,
    'bring both tables into one order, in pandas with `test = test[[c for c in train.columns if c in test]]`',
    [KEYS.test],
  );
}

/** Numbered columns, such as `pixel0`, that are sorted as text would scramble the images. */
function checkNumbering(
  { path, test_path: test, label }: CsvDatasetSettings,
  split: Split,
  columns: readonly string[] = [],
): void {
  const names = columns.map((name) => /^(.*?)(\d{1,9})$/s.exec(name));
  const [prefix = ''] = names[0]?.slice(1) ?? [];
  if (!names.every((name) => name?.[1] === prefix)) return;
  const numbers = names.map((name) => Number(name?.[2]));
  const sorted = numbers.toSorted((one, other) => one - other);
  const isRange = sorted.every((number, index) => number === (sorted[0] ?? 0) + index);
  const place = numbers.findIndex((number, index) => number !== sorted[index]);
  if (!isRange || place < 0) return;
  const number = `c[${[...prefix].length}:]`;
  const also = typeof label === 'number' ? ', and write `label: 0`' : '';
  throw failure(
    'data-corrupt',
    `\`${(split === 'test' ? test : undefined) ?? path}\` has its pixels in another order than their numbers: column \`${printable(columns[place] ?? '')}\` is in the place of \`${printable(`${prefix}${sorted[place]}`)}\``,
    `sort them in pandas, \`d = d[sorted(d, key=lambda c: int(${number}) if ${number}.isdigit() else -1)]\`${also}`,
    [KEYS[split]],
  );
}

/** As in arrays, negative integers are neither labels nor class names. */
function checkNegative(labels: readonly string[], name: string, at: string): void {
  const negative = labels.find((each) => each.startsWith('-'));
  if (negative === undefined || !areNumbers(labels.map((each) => each.replace(/^-/, '')))) return;
  throw failure(
    'data-corrupt',
    `\`${name}\` holds the label ${negative}: labels go from 0 to 2147483647`,
    'number the classes from 0, `np.unique(y, return_inverse=True)[1]` in NumPy, or give them names',
    [at],
  );
}

function typeOf(data: RawImages['data']): 'uint8' | 'uint16' | 'float32' {
  if (data instanceof Float32Array) return 'float32';
  return data instanceof Uint16Array ? 'uint16' : 'uint8';
}
