/** Keeps a report small enough to be mailed and submitted. */
import type { Exhibit, Frame, Picture } from './exhibit.ts';
import type { PageModels } from '../explorer/write/models.ts';
import type { ReportStage } from './report.ts';

/** Bytes of all pictures; in a page they take a third more (base64). */
const MOST_BYTES = 6.5e6;
/** What is left for pictures beside large models, which the reader has asked for. */
const LEAST_BYTES = 3e6;
/** The part of it that one series may take. */
const MOST_BYTES_OF_SERIES = 2e6;

/**
 * The stages with as many pictures as there is room for: first single pictures, in the order of the stages, then series. Long
 * series are thinned out evenly.
 *
 * @param models bytes of the page that models take
 */
export function withinBudget(stages: readonly ReportStage[], models = 0): readonly ReportStage[] {
  // In base64, a picture has four bytes for three.
  let left = Math.max(LEAST_BYTES, MOST_BYTES - models * (3 / 4));
  const single = stages.map((stage) => ({
    ...stage,
    exhibits: stage.exhibits.map((exhibit): Exhibit => {
      if (exhibit.kind === 'series') return exhibit;
      const bytes = pictureBytes(exhibit);
      if (bytes > left)
        return { kind: 'unshown', path: pathOf(exhibit), reason: 'the report would be too large' };
      left -= bytes;
      return exhibit;
    }),
  }));
  return single.map((stage) => ({
    ...stage,
    exhibits: stage.exhibits.map((exhibit): Exhibit => {
      if (exhibit.kind !== 'series') return exhibit;
      const shrunk = shrink(exhibit, Math.min(left, MOST_BYTES_OF_SERIES));
      left -= pictureBytes(shrunk);
      return shrunk;
    }),
  }));
}

type Series = Extract<Exhibit, { kind: 'series' }>;

function shrink(series: Series, room: number): Exhibit {
  const { frames, beside, omitted } = series;
  const forFrames = room - total(beside);
  let kept: readonly Frame[] = frames;
  for (let count = frames.length; total(kept.map(({ picture }) => picture)) > forFrames; count -= 1) {
    if (count < 1) return { kind: 'unshown', path: pathOf(series), reason: 'the report would be too large' };
    kept = evenly(frames, count);
  }
  return { ...series, frames: kept, omitted: omitted + frames.length - kept.length };
}

/** What models take of a page. */
export function bytesOf({ models, wasm }: PageModels): number {
  return models.reduce((sum, { json }) => sum + json.length, wasm.length);
}

function pictureBytes(exhibit: Exhibit): number {
  switch (exhibit.kind) {
    case 'figure':
    case 'curves':
      return exhibit.picture.data.length;
    case 'map':
      return exhibit.picture.data.length + (exhibit.tiles?.data.length ?? 0);
    case 'series':
      return total([...exhibit.frames.map(({ picture }) => picture), ...exhibit.beside]);
    default:
      return 0;
  }
}

function total(pictures: readonly Picture[]): number {
  return pictures.reduce((sum, { data }) => sum + data.length, 0);
}

function pathOf(exhibit: Exhibit): string {
  if (exhibit.kind === 'series') return exhibit.frames[0]?.picture.path ?? exhibit.counts;
  return 'picture' in exhibit ? exhibit.picture.path : exhibit.path;
}

/** At most `count` evenly spaced items, including the last and, if there are two or more, the first. */
export function evenly<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  if (count < 2) return items.slice(items.length - count);
  const chosen = new Set(
    Array.from({ length: count }, (_, index) => Math.round((index * (items.length - 1)) / (count - 1))),
  );
  return items.filter((_, index) => chosen.has(index));
}
