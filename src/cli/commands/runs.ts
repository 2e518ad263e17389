import { basename, join, resolve } from 'node:path';
import type { PastRun } from '../../artifacts/run-history.ts';
import { Workspace, workspacesIn } from '../../artifacts/workspace.ts';
import { failure } from '../../core/diagnostic.ts';
import { canonicalJson, type Json, type JsonObject } from '../../core/json.ts';
import { exists } from '../../files/atomic.ts';
import { findOwner } from '../../files/owner.ts';
import { changesBetween, type DifferenceRow } from '../../history/difference.ts';
import { documentsOf, historyOf, settingsOf, type RunPlaces } from '../../history/find.ts';
import { availabilityOf } from '../../history/restore.ts';
import { storeOf } from '../../run/plan.ts';
import { EXIT } from '../exit.ts';
import { callWords, commandLine } from '../program.ts';
import { renderRuns, type ListedRun } from '../terminal/runs-table.ts';
import { formatPlural } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { isPipelineFile, otherOutputs, outputsName } from './outputs.ts';

export interface RunsOptions {
  /** The pipeline file, or the name of its outputs. */
  readonly pipeline: string;
  readonly outputs: string;
}

/** `hourglass runs` */
export async function runs(terminal: Terminal, options: RunsOptions): Promise<number> {
  const outputs = resolve(options.outputs);
  const places = { outputs, store: storeOf(outputs) };
  const name = await outputsName(options.pipeline);
  const { runs: past, unreadable } = await historyOf(name, places).read();
  if (past.length === 0 && unreadable.length === 0) {
    throw failure('no-run', `no runs of \`${name}\` are known`, await whyNone(name, options));
  }
  const listed = await describe(name, past, places);
  if (terminal.options.json) {
    terminal.result(
      JSON.stringify({ status: 'done', name, runs: listed.map(runToJson), unreadable }, null, 2),
    );
    return EXIT.done;
  }
  const columns = terminal.interactive ? terminal.columns() : Infinity;
  terminal.result(renderRuns(listed, columns, terminal.resultStyle));
  if (unreadable.length > 0)
    terminal.note(`\n${formatPlural(unreadable.length, 'run')} cannot be read: ${unreadable.join(', ')}`);
  if (terminal.options.quiet || past.length < 2) return EXIT.done;
  const [before, last] = past.slice(-2).map(({ number }) => `${name}@${number}`);
  terminal.note(
    [
      '',
      `compare two:    ${commandLine(['compare', before ?? '', last ?? ''])}`,
      `bring one back: ${commandLine(['restore', before ?? ''])}`,
    ].join('\n'),
  );
  return EXIT.done;
}

/** What to do if there are no runs of this name. */
async function whyNone(name: string, { pipeline, outputs }: RunsOptions): Promise<string> {
  const folder = join(resolve(outputs), name);
  if ((await new Workspace(folder).readRun()) !== undefined)
    return 'its outputs are here, but not the cache that lists its runs: it was deleted, or the outputs were moved away from it';
  if (await exists(join(folder, 'sweep.json')))
    return `to list the trials of its sweep: \`${commandLine(['compare', name])}\``;
  const present = (await workspacesIn(resolve(outputs))).map((each) => basename(each.folder));
  return isPipelineFile(pipeline)
    ? `run it first: \`${commandLine(callWords('run', { pipeline, outputs }))}\``
    : otherOutputs(name, present);
}

async function describe(
  name: string,
  past: readonly PastRun[],
  { outputs, store }: RunPlaces,
): Promise<readonly ListedRun[]> {
  const shown = await new Workspace(join(outputs, name)).readRun();
  const owner = await findOwner(store.lockFile(outputs, name));
  const listed: ListedRun[] = [];
  let before: JsonObject | undefined;
  for (const run of past) {
    const settings = settingsOf(run);
    const { entries, total } = await availabilityOf(run, store, false);
    const isLast = run === past.at(-1);
    const { status } = run.record;
    listed.push({
      run,
      state: status !== 'running' ? status : isLast && owner?.alive === true ? 'running' : 'killed',
      changes: before === undefined ? [] : changesBetween(before, settings, documentsOf(run)),
      kept: entries.size,
      total,
      isShown: shown !== undefined && resultsText(shown.stages) === resultsText(run.record.stages),
    });
    before = settings;
  }
  // Several runs may have left the same outputs.
  const newest = listed.findLast(({ isShown }) => isShown);
  return listed.map((each) => ({ ...each, isShown: each === newest }));
}

function resultsText(stages: PastRun['record']['stages']): string {
  return canonicalJson(Object.entries(stages).map(([stage, { hash }]) => [stage, hash ?? null]));
}

function runToJson({ run, state, changes, kept, total, isShown }: ListedRun): JsonObject {
  const { number, started, seconds, command, record, metrics } = run;
  return {
    number,
    state,
    started,
    seconds,
    command: [...command],
    overrides: [...record.overrides],
    seed: record.seed,
    settings: record.resolved ?? null,
    changes: changes.map(changeToJson),
    metrics: metrics as JsonObject,
    results: { total, inCache: kept },
    shown: isShown,
  };
}

function changeToJson({ name, values: [before, after] }: DifferenceRow<Json>): JsonObject {
  return { name, before: before ?? null, after: after ?? null };
}
