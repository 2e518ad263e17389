/** Earlier runs of a pipeline as a table. */
import type { PastRun } from '../../artifacts/run-history.ts';
import { formatSeconds } from '../../core/format.ts';
import type { Json } from '../../core/json.ts';
import { isSame, numbersOf, type DifferenceRow } from '../../history/difference.ts';
import { columnFormat } from '../../sweep/numbers.ts';
import { fit, leftOut, printable, table } from './format.ts';
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
/** No narrower, however narrow the terminal is. */
const LEAST_CHANGES = 16;

/**
 * One row a run, the oldest first. Columns that would say `done` or `kept` of all runs are left out. Of the numbers, those that
 * differ between runs come first; those that do not fit are named below.
 *
 * @param columns the width of the terminal
 */
export function renderRuns(listed: readonly ListedRun[], columns: number, style: Style): string {
  const all = numbersToShow(listed.map(({ run }) => run));
  const facts = factColumns(listed);
  const changed = ['changed', ...listed.map(({ changes }) => changesText(changes))];
  const numbers = all.map(numberColumn);
  const lines = (shown: number, most: number): readonly string[] => {
    const cells = [...facts, changed.map((text) => fit(text, most)), ...numbers.slice(0, shown)];
    return table(changed.map((_, row) => cells.map((column) => column[row] ?? '')));
  };
  let shown = numbers.length;
  while (shown > 1 && longest(lines(shown, Infinity)) > columns) shown -= 1;
  const over = longest(lines(shown, Infinity)) - columns;
  const [title = '', ...body] = lines(
    shown,
    over > 0 ? Math.max(LEAST_CHANGES, longest(changed) - over) : Infinity,
  );
  const left = all.slice(shown).map(({ name }) => name);
  const notes = [
    ...(listed.some(({ isShown }) => isShown) ? ['* the run whose results the outputs show'] : []),
    ...(left.length === 0 ? [] : [leftOut(left, columns)]),
  ];
  return [
    style('dim', title),
    ...body.map((line, index) => (listed[index]?.isShown === true ? style('bold', line) : line)),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => style('dim', note))]),
  ].join('\n');
}

/** What is known about every run. Each column begins with its head. */
function factColumns(listed: readonly ListedRun[]): readonly (readonly string[])[] {
  const kept = ({ kept: count, total }: ListedRun): string =>
    count === total ? 'kept' : count === 0 ? 'gone' : `${count} of ${total} kept`;
  const states = listed.map(({ state }) => state);
  const results = listed.map(kept);
  return [
    ['', ...listed.map(({ isShown }) => (isShown ? '*' : ''))],
    ['run', ...listed.map(({ run }) => String(run.number))],
    ['started', ...listed.map(({ run }) => localTime(run.started))],
    ...(states.every((state) => state === 'done') ? [] : [['state', ...states]]),
    ['time', ...listed.map(({ run }) => formatSeconds(run.seconds))],
    ...(results.every((result) => result === 'kept') ? [] : [['results', ...results]]),
  ];
}

function numberColumn({ name, values }: DifferenceRow<number>): readonly string[] {
  const quantities = values.map((value) => (value === undefined ? undefined : { mean: value }));
  const texts = [name, ...quantities.map(columnFormat(quantities))];
  const width = longest(texts);
  return texts.map((text) => text.padStart(width));
}

function longest(texts: readonly string[]): number {
  return Math.max(...texts.map(({ length }) => length));
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
  if (changes.length === 0) return NOTHING;
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
