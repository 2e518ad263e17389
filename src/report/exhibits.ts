/** From the files of a stage to its exhibits. */
import { lstat, readFile, readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import { withSlashes } from '../core/path.ts';
import { readCsv } from '../formats/csv.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { historyPanels, lossInRecord } from '../figures/history.ts';
import type { Figure } from '../figures/figure.ts';
import { linePanels } from '../figures/line-chart.ts';
import { evenly } from './budget.ts';
import type { Exhibit, Frame, Picture } from './exhibit.ts';
import { readMap } from './map.ts';
import { readPicture, svgPicture } from './picture.ts';
import type { StageFile } from './report.ts';
import { csvTable, jsonTable, parseModelSummary } from './tables.ts';

/** The most pictures of a series that a report shows. */
const MOST_FRAMES = 30;
/** The most other pictures of a stage. */
const MOST_FIGURES = 12;
/** The most files of a stage that are read. */
const MOST_FILES = 5000;
/** Larger tables and texts are not shown. */
const MOST_TEXT_BYTES = 512 * 1024;

/** All regular files below a stage's folder, sorted by name. Links are omitted, since they may lead elsewhere. */
export async function filesOf(folder: string): Promise<readonly StageFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'))
    .map((entry) => withSlashes(relative(folder, join(entry.parentPath, entry.name))))
    .sort()
    .slice(0, MOST_FILES);
  const files: StageFile[] = [];
  for (const path of paths) {
    const found = await lstat(join(folder, path)).catch(() => undefined);
    if (found !== undefined) files.push({ path, bytes: found.size });
  }
  return files;
}

/**
 * The exhibits in the files of a stage: pictures, series of pictures, curves of a history, tables, model summaries.
 *
 * @param stage its name, for pictures without a description
 * @param highlights the main files, according to its stage type
 * @param sources folders of the stages that it depends on, the nearest first
 */
export async function readExhibits(
  folder: string,
  files: readonly StageFile[],
  stage: string,
  highlights: readonly string[],
  sources: readonly string[],
): Promise<readonly Exhibit[]> {
  const history = await readHistory(folder, files);
  const pictures = groupPictures(files, highlights);
  const exhibits: Exhibit[] = [...(await readMap(folder, files, sources))];
  for (const paths of pictures.single.slice(0, MOST_FIGURES)) {
    exhibits.push(...(await readFigure(folder, paths, `${basenameOf(paths[0] ?? '')} of ${stage}`)));
  }
  exhibits.push(...history.exhibits);
  for (const series of pictures.series)
    exhibits.push(...(await readSeries(folder, series, stage, history.byEpoch)));
  exhibits.push(...(await readDocuments(folder, files, highlights)));
  // Expanded exhibits come first.
  const isAside = (exhibit: Exhibit): boolean => exhibit.kind === 'table' && !exhibit.main;
  return [...exhibits.filter((exhibit) => !isAside(exhibit)), ...exhibits.filter(isAside)];
}

async function readFigure(folder: string, paths: readonly string[], fallback: string): Promise<Exhibit[]> {
  const { picture, unshown } = await readPicture(folder, paths, fallback);
  return [
    ...(picture === undefined ? [] : [{ kind: 'figure', picture } as const]),
    ...unshown.map((one) => ({ kind: 'unshown', ...one }) as const),
  ];
}

/** Files of one picture: the same name with different extensions. */
type PicturePaths = readonly string[];

interface Series {
  readonly counts: string;
  readonly frames: readonly { readonly number: number; readonly paths: PicturePaths }[];
  readonly beside: readonly PicturePaths[];
}

interface Pictures {
  readonly single: readonly PicturePaths[];
  readonly series: readonly Series[];
}

/** Groups numbered pictures of a folder, such as `previews/epoch-001`. Of the other pictures, main files come first. */
function groupPictures(files: readonly StageFile[], highlights: readonly string[]): Pictures {
  const stems = new Map<string, string[]>();
  for (const { path } of files) {
    if (!['.png', '.svg'].includes(extname(path))) continue;
    const stem = path.slice(0, -extname(path).length);
    stems.set(stem, [...(stems.get(stem) ?? []), path]);
  }
  const numbered = new Map<string, { number: number; paths: PicturePaths }[]>();
  for (const [stem, paths] of stems) {
    const digits = /(?<!\d)\d+$/.exec(stem)?.[0];
    if (digits === undefined) continue;
    const prefix = stem.slice(0, -digits.length).replace(/[-_]$/, '');
    numbered.set(prefix, [...(numbered.get(prefix) ?? []), { number: Number(digits), paths }]);
  }
  const series: Series[] = [];
  const used = new Set<PicturePaths>();
  for (const [prefix, frames] of numbered) {
    if (frames.length < 2) continue;
    for (const { paths } of frames) used.add(paths);
    const besides =
      dirname(prefix) === '.'
        ? []
        : [...stems]
            .filter(([stem]) => dirname(stem) === dirname(prefix) && !/\d$/.test(stem))
            .map(([, paths]) => paths);
    for (const paths of besides) used.add(paths);
    frames.sort((one, other) => one.number - other.number);
    series.push({ counts: basename(prefix) || 'picture', frames, beside: besides });
  }
  const isMain = (paths: PicturePaths): boolean => paths.some((path) => highlights.includes(path));
  const single = [...stems.values()].filter((paths) => !used.has(paths));
  return { single: [...single.filter(isMain), ...single.filter((paths) => !isMain(paths))], series };
}

async function readSeries(
  folder: string,
  { counts, frames, beside }: Series,
  stage: string,
  byEpoch: ReadonlyMap<number, Readonly<Record<string, number>>>,
): Promise<readonly Exhibit[]> {
  const chosen = evenly(frames, MOST_FRAMES);
  const shown: Frame[] = [];
  const others: Exhibit[] = [];
  for (const { number, paths } of chosen) {
    const { picture, unshown } = await readPicture(folder, paths, `${counts} ${number} of ${stage}`);
    if (picture !== undefined) {
      const measured = counts === 'epoch' ? byEpoch.get(number) : undefined;
      shown.push({ number, picture, measured: measured ?? {} });
    }
    others.push(...unshown.map((one) => ({ kind: 'unshown', ...one }) as const));
  }
  const pictures: Picture[] = [];
  for (const paths of beside.slice(0, 2)) {
    const { picture, unshown } = await readPicture(
      folder,
      paths,
      `${basenameOf(paths[0] ?? '')} of ${stage}`,
    );
    if (picture !== undefined) pictures.push(picture);
    others.push(...unshown.map((one) => ({ kind: 'unshown', ...one }) as const));
  }
  const omitted = frames.length - chosen.length;
  return shown.length === 0
    ? others
    : [{ kind: 'series', counts, frames: shown, omitted, beside: pictures }, ...others];
}

interface History {
  readonly exhibits: readonly Exhibit[];
  readonly byEpoch: ReadonlyMap<number, Readonly<Record<string, number>>>;
}

/** `history.csv`, or any other CSV file at the top whose first column is `epoch`: its curves, and its numbers as a table. */
async function readHistory(folder: string, files: readonly StageFile[]): Promise<History> {
  const exhibits: Exhibit[] = [];
  const byEpoch = new Map<number, Record<string, number>>();
  const loss = await nameOfLoss(folder, files);
  for (const file of files.filter(({ path }) => extname(path) === '.csv' && !path.includes('/'))) {
    const text = await readText(folder, file);
    const rows = (text === undefined ? undefined : readCsv(text))?.map(({ cells }) => cells) ?? [];
    const table = csvTable(rows);
    if (table === undefined) {
      exhibits.push({
        kind: 'unshown',
        path: file.path,
        reason: text === undefined ? TOO_LARGE : 'it is not a table',
      });
      continue;
    }
    const isHistory = table.columns[0] === 'epoch';
    if (isHistory) {
      const [columns = [], ...body] = rows;
      const values = body.map((row) => row.map((cell) => (cell === '' ? Number.NaN : Number(cell))));
      const curves = drawCurves(columns, values, loss);
      if (curves !== undefined) exhibits.push({ kind: 'curves', picture: svgPicture(file.path, curves.svg) });
      for (const row of values) {
        const measured = columns.slice(1).map((name, index) => [name, row[index + 1] ?? Number.NaN] as const);
        byEpoch.set(row[0] ?? 0, Object.fromEntries(measured.filter(([, value]) => Number.isFinite(value))));
      }
    }
    exhibits.push({ kind: 'table', path: file.path, ...table, main: !isHistory && table.omitted === 0 });
  }
  return { exhibits, byEpoch };
}

/** Curves of the metrics after each epoch; undefined if there is nothing to plot. */
export function drawCurves(
  columns: readonly string[],
  values: readonly (readonly number[])[],
  loss: string | undefined,
): Figure | undefined {
  const epochs = values.map((row) => row[0] ?? Number.NaN);
  const measured = columns
    .slice(1)
    .map((name, index) => [name, values.map((row) => row[index + 1] ?? Number.NaN)] as const);
  const drawable = measured.filter(([, points]) => points.some(Number.isFinite));
  if (drawable.length === 0 || !epochs.every(Number.isFinite)) return undefined;
  return linePanels({ xLabel: 'Epoch', panels: historyPanels(epochs, new Map(drawable), loss) });
}

/** The `loss` from the files of a training. */
async function nameOfLoss(folder: string, files: readonly StageFile[]): Promise<string | undefined> {
  const file = files.find(({ path }) => path === 'training.json');
  const value = file === undefined ? undefined : await readJson(folder, file);
  return lossInRecord(value?.['loss']);
}

/**
 * Texts and JSON at the top of the folder. `metrics.json` is shown as metrics, and a JSON file is omitted if a CSV file has the
 * same data.
 */
async function readDocuments(
  folder: string,
  files: readonly StageFile[],
  highlights: readonly string[],
): Promise<readonly Exhibit[]> {
  const exhibits: Exhibit[] = [];
  const paths = new Set(files.map(({ path }) => path));
  for (const file of files.filter(({ path }) => !path.includes('/'))) {
    const { path } = file;
    if (extname(path) === '.txt') {
      const text = await readText(folder, file);
      const models = parseModelSummary(text ?? '');
      if (text === undefined) exhibits.push({ kind: 'unshown', path, reason: TOO_LARGE });
      else if (models.length > 0) exhibits.push({ kind: 'models', path, models });
      else exhibits.push({ kind: 'text', path, text });
    }
    if (extname(path) !== '.json' || path === 'metrics.json' || paths.has(`${basenameOf(path)}.csv`))
      continue;
    const value = await readJson(folder, file);
    if (value === undefined || Object.keys(value).length === 0) continue;
    exhibits.push({ kind: 'table', path, ...jsonTable(value), main: highlights.includes(path) });
  }
  return exhibits;
}

const TOO_LARGE = 'it is too large for a report';

async function readText(folder: string, { path, bytes }: StageFile): Promise<string | undefined> {
  return bytes > MOST_TEXT_BYTES ? undefined : readFile(join(folder, path), 'utf8').catch(() => undefined);
}

async function readJson(folder: string, file: StageFile): Promise<JsonObject | undefined> {
  try {
    const value: unknown = JSON.parse((await readText(folder, file)) ?? '');
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The name of a file without its folder and its extension. */
function basenameOf(path: string): string {
  return basename(path, extname(path));
}
