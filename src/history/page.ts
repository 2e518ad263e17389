/** From runs to the page that compares them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry } from '../artifacts/entry.ts';
import { standingOf } from '../artifacts/standing.ts';
import type { Json } from '../core/json.ts';
import { axisLabel } from '../figures/history.ts';
import { linePanels, type LinePanel } from '../figures/line-chart.ts';
import { readCsv } from '../formats/csv.ts';
import {
  renderComparison,
  type ComparedPictures,
  type ComparedRows,
  type Comparison,
} from '../report/comparison-page.ts';
import { filesOf, readExhibits } from '../report/exhibits.ts';
import type { Picture } from '../report/exhibit.ts';
import { svgPicture } from '../report/picture.ts';
import { columnFormat } from '../sweep/numbers.ts';
import { isSame, type DifferenceRow } from './difference.ts';
import type { KnownRun, RunPlaces } from './find.ts';

/** More panels of one stage are hard to compare. */
const MOST_PANELS = 8;

interface Differences {
  readonly settings: readonly DifferenceRow<Json>[];
  readonly numbers: readonly DifferenceRow<number>[];
}

/** A run with those of its results that the cache has. */
interface Held {
  readonly label: string;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly missing: readonly string[];
}

/** The whole document: it needs no other file. */
export async function comparisonPage(
  runs: readonly KnownRun[],
  { settings, numbers }: Differences,
  { store }: RunPlaces,
): Promise<string> {
  const held: Held[] = [];
  for (const { label, record } of runs) {
    const entries = new Map<string, Entry>();
    const missing: string[] = [];
    for (const [stage, { hash, wanted }] of Object.entries(record.stages)) {
      // The result of other settings may lie in its folder.
      if (standingOf(hash, wanted) !== 'current') continue;
      const entry = hash === undefined ? undefined : await store.lookup(hash);
      if (entry !== undefined) entries.set(stage, entry);
      else if (hash !== undefined) missing.push(stage);
    }
    held.push({ label, entries, missing });
  }
  const differing = numbers.filter((row) => !isSame(row));
  return renderComparison({
    runs: runs.map(({ label }) => label),
    settings: settings.map(({ name, values }) => [text(name), ...values.map(valueCell)]),
    numbers: [...differing, ...numbers.filter(isSame)].map(numberCells),
    curves: await curvesOf(held),
    pictures: await picturesOf(held),
    missing: held.flatMap(({ label, missing }) => (missing.length === 0 ? [] : [[label, missing] as const])),
  });
}

/** For each stage that was trained in one of the runs, a panel for each column of its history, with a curve for each run. */
async function curvesOf(held: readonly Held[]): Promise<Comparison['curves']> {
  const found: { stage: string; picture: Picture }[] = [];
  for (const stage of stagesOf(held)) {
    const panels = new Map<string, LinePanel>();
    for (const { label, entries } of held) {
      const entry = entries.get(stage);
      const history = entry === undefined ? undefined : await readHistory(entry);
      for (const [name, points] of history ?? []) {
        const drawn = panels.get(name) ?? { yLabel: titleOf(name), series: [] };
        panels.set(name, { ...drawn, series: [...drawn.series, { name: label, points }] });
      }
    }
    if (panels.size === 0) continue;
    const shown = [...panels.values()].slice(0, MOST_PANELS);
    const { svg } = linePanels({ title: stage, xLabel: 'Epoch', panels: shown });
    found.push({ stage, picture: svgPicture('curves.svg', svg, `Curves of ${stage}`) });
  }
  return found;
}

type Points = readonly (readonly [number, number])[];

/** The columns of `history.csv` with a number to draw; undefined for a stage without one. */
async function readHistory({ folder, record }: Entry): Promise<ReadonlyMap<string, Points> | undefined> {
  if (!record.files.some(({ path }) => path === 'history.csv')) return undefined;
  const rows = readCsv(await readFile(join(folder, 'history.csv'), 'utf8'))?.map(({ cells }) => cells) ?? [];
  const [columns = [], ...body] = rows;
  if (columns[0] !== 'epoch') return undefined;
  const numberIn = (cell: string | undefined): number =>
    cell === undefined || cell === '' ? Number.NaN : Number(cell);
  const drawn = columns
    .slice(1)
    .map((name, index): [string, Points] => [
      name,
      body.map((row) => [numberIn(row[0]), numberIn(row[index + 1])] as const),
    ]);
  return new Map(drawn.filter(([, points]) => points.some(([, y]) => Number.isFinite(y))));
}

/** `val_loss` -> `Loss, validation` */
function titleOf(column: string): string {
  const quantity = column.replace(/^val_/, '');
  const label = axisLabel(quantity, undefined);
  return quantity === column ? label : `${label}, validation`;
}

/** Pictures by stage and file: of a series, such as previews, the last. */
async function picturesOf(held: readonly Held[]): Promise<readonly ComparedPictures[]> {
  const byName = new Map<string, Map<string, Picture>>();
  for (const { label, entries } of held) {
    for (const [stage, { folder, record }] of entries) {
      const exhibits = await readExhibits(folder, await filesOf(folder), stage, record.highlights, []);
      for (const exhibit of exhibits) {
        const picture =
          exhibit.kind === 'series'
            ? exhibit.frames.at(-1)?.picture
            : exhibit.kind === 'figure'
              ? exhibit.picture
              : undefined;
        if (picture === undefined) continue;
        const name =
          exhibit.kind === 'series'
            ? `${stage}: last ${exhibit.counts}`
            : `${stage}/${picture.path.replace(/\.\w+$/, '')}`;
        byName.set(name, (byName.get(name) ?? new Map<string, Picture>()).set(label, picture));
      }
    }
  }
  return [...byName].map(([name, pictures]) => ({
    name,
    pictures: held.map(({ label }) => [label, pictures.get(label)] as const),
  }));
}

function stagesOf(held: readonly Held[]): ReadonlySet<string> {
  return new Set(held.flatMap(({ entries }) => [...entries.keys()]));
}

function text(content: string): ComparedRows[number][number] {
  return { text: content, numeric: false };
}

function valueCell(value: Json | undefined): ComparedRows[number][number] {
  if (value === undefined) return text('–');
  return {
    text: typeof value === 'string' ? value : JSON.stringify(value),
    numeric: typeof value === 'number',
  };
}

function numberCells({ name, values }: DifferenceRow<number>): ComparedRows[number] {
  const quantities = values.map((value) => (value === undefined ? undefined : { mean: value }));
  const write = columnFormat(quantities);
  return [text(name), ...quantities.map((quantity) => ({ text: write(quantity), numeric: true }))];
}
