/** Earlier runs of a pipeline as a table. */
import type { PastRun } from '../../artifacts/run-history.ts';
import { formatSeconds } from '../../core/format.ts';
import type { Json } from '../../core/json.ts';
import { isSame, numbersOf, type DifferenceRow } from '../../history/difference.ts';
import { columnFormat } from '../../sweep/numbers.ts';
import { fit, printable, table } from './format.ts';
import type { Style } from './style.ts';

export interface ListedRun {
  readonly run: PastRun;
  /** `killed`: it ended without saying so. */
  readonly state: 'done' | 'failed' | 'interrupted' | 'running' | 'killed';
  /** From the run before. */
  readonly changes: readonly DifferenceRow<Json>[];
  /** Results that the cache still has, of all that the run had. */
  readonly kept: number;
  readonly total: number;
  /** Whether the outputs are those of this run. */
  readonly isShown: boolean;
}

const NOTHING = '–';
/** Changes that a row names; the others are counted. */
const MOST_CHANGES = 2;
const LONGEST_CHANGES = 60;

/**
 * One row a run, the oldest first. Numbers that differ between runs come first; those that do not fit are left out.
 *
 * @param columns the width of the terminal
 */
export function renderRuns(listed: readonly ListedRun[], columns: number, style: Style): string {
  const numbers = numbersToShow(listed.map(({ run }) => run));
  const head = ['', 'run', 'started', 'state', 'time', 'results', 'changed'];
  const rows = listed.map(({ run, state, changes, kept, total, isShown }) => [
    isShown ? '*' : '',
    String(run.number),
    localTime(run.started),
    state,
    formatSeconds(run.seconds),
    kept === total ? 'kept' : kept === 0 ? 'gone' : `${kept} of ${total} kept`,
    changes.length === 0 ? NOTHING : changesText(changes),
  ]);
  for (let shown = numbers.length; ; shown -= 1) {
    const own = numbers.slice(0, shown).map(({ name, values }) => {
      const quantities = values.map((value) => (value === undefined ? undefined : { mean: value }));
      const write = columnFormat(quantities);
      const texts = [name, ...quantities.map(write)];
      const width = Math.max(...texts.map(({ length }) => length));
      return texts.map((text) => text.padStart(width));
    });
    const lines = table(
      [head, ...rows].map((row, index) => [...row, ...own.map((column) => column[index] ?? '')]),
    );
    if (shown > 0 && Math.max(...lines.map(({ length }) => length)) > columns) continue;
    const [title = '', ...body] = lines;
    return [
      style('dim', title),
      ...body.map((line, index) => (listed[index]?.isShown === true ? style('bold', line) : line)),
      ...(listed.some(({ isShown }) => isShown)
        ? ['', style('dim', '* the run whose results the outputs show')]
        : []),
    ].join('\n');
  }
}

function numbersToShow(runs: readonly PastRun[]): readonly DifferenceRow<number>[] {
  const all = numbersOf(runs);
  const differing = all.filter((row) => !isSame(row));
  if (differing.length > 0) return differing;
  const stage = all[0]?.name.split('.')[0];
  return all.filter(({ name }) => name.split('.')[0] === stage);
}

/** `params.latent_size 16 → 32, seed 1 → 2 and 3 more` */
export function changesText(changes: readonly DifferenceRow<Json>[]): string {
  const texts = changes.map(
    ({ name, values: [before, after] }) => `${name} ${valueText(before)} → ${valueText(after)}`,
  );
  const more = texts.length - MOST_CHANGES;
  const shown = fit(printable(texts.slice(0, MOST_CHANGES).join(', ')), LONGEST_CHANGES);
  return more > 0 ? `${shown} and ${more} more` : shown;
}

const LONGEST_VALUE = 24;

export function valueText(value: Json | undefined): string {
  if (value === undefined) return NOTHING;
  return fit(printable(typeof value === 'string' ? value : JSON.stringify(value)), LONGEST_VALUE);
}

/** `2026-11-27 23:50`, in the time zone of the machine. */
export function localTime(started: string): string {
  const date = new Date(started);
  const pad = (value: number): string => String(value).padStart(2, '0');
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(pad).join('-');
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}`;
}
