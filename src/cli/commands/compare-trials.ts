import { writeCsv } from '../../formats/csv.ts';
import { basename, join, resolve } from 'node:path';
import { pathFromHere } from '../../core/path.ts';
import { exists } from '../../files/atomic.ts';
import { workspacesIn } from '../../artifacts/workspace.ts';
import { Failure, failure } from '../../core/diagnostic.ts';
import type { JsonObject } from '../../core/json.ts';
import { suggest } from '../../core/suggest.ts';
import { historyOf } from '../../history/find.ts';
import { storeOf } from '../../run/plan.ts';
import { csvValue } from '../../sweep/columns.ts';
import { trialNumbers } from '../../sweep/record.ts';
import { readSweepNow } from '../../sweep/now.ts';
import {
  describeStates,
  differingMetrics,
  resultsOf,
  type Group,
  type Results,
} from '../../sweep/results.ts';
import { EXIT } from '../exit.ts';
import type { PipelineFlags } from '../options.ts';
import { callWords, commandLine } from '../program.ts';
import { renderSweepTable } from '../terminal/sweep-table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked } from './load.ts';
import { otherOutputs } from './outputs.ts';

export interface CompareTrialsOptions extends PipelineFlags {
  /** The pipeline file, or the name of its outputs. */
  readonly pipeline: string;
  readonly outputs: string;
  /** A parameter, or `stage.metric`. */
  readonly sort?: string;
  readonly csv?: boolean;
}

/** `hourglass compare` of the trials of one sweep. */
export async function compareTrials(terminal: Terminal, options: CompareTrialsOptions): Promise<number> {
  const { name, sweeps } = await whoseResults(options);
  const workspace = join(resolve(options.outputs), name);
  const record = await readSweepNow(workspace, storeOf(resolve(options.outputs)));
  if (record === undefined)
    throw failure(
      'no-run',
      `there are no results of a sweep in \`${pathFromHere(workspace)}\``,
      await whatElse({ name, ...(sweeps === undefined ? {} : { sweeps }) }, options),
    );
  const results = resultsOf(record);
  const metrics = differingMetrics(results, record.sweep.metric?.name);
  const numbers = trialNumbers(record.trials);
  const groups = options.sort === undefined ? results.groups : sorted(results, options.sort, metrics);
  if (terminal.options.json) {
    const { columns, parameters, best, knee, answer } = results;
    terminal.result(
      JSON.stringify(
        {
          status: record.status,
          parameters,
          ...(answer === undefined ? {} : { answer }),
          ...(knee === undefined ? {} : { knee }),
          groups: groups.map((group) => ({
            label: columns.describe(group.parameters),
            parameters: group.parameters,
            best: best.has(group),
            trials: group.trials.map(({ id, state, problem }) => ({
              number: numbers.get(id),
              id,
              state,
              ...(problem === undefined ? {} : { problem }),
            })),
            metrics: metricsOf(group, record.sweep.metric?.name),
          })),
        },
        null,
        2,
      ),
    );
    return EXIT.done;
  }
  if (options.csv === true) {
    terminal.result(csvOf(results, numbers, groups, metrics));
    return EXIT.done;
  }
  const columns = terminal.interactive ? terminal.columns() : Infinity;
  const lines = [renderSweepTable(results, groups, { metrics, numbers, columns }, terminal.resultStyle)];
  if (results.answer !== undefined) lines.push('', results.answer);
  terminal.result(lines.join('\n'));
  if (record.status === 'running' || record.status === 'interrupted')
    terminal.note(
      `\nThe sweep ${record.status === 'running' ? 'is running' : 'was interrupted'}: results are missing.`,
    );
  return EXIT.done;
}

/** Means by `stage.name`; always includes the sweep's metric. */
function metricsOf({ metrics }: Group, metric: string | undefined): JsonObject {
  const missing = metric === undefined || metrics.has(metric) ? {} : { [metric]: null };
  const measured = [...metrics].map(([name, { mean, deviation = null, count }]) => [
    name,
    { mean, deviation, count },
  ]);
  return { ...missing, ...Object.fromEntries(measured) };
}

interface Subject {
  /** The name of the outputs. */
  readonly name: string;
  /** Whether the pipeline has a sweep; undefined if outputs were named. */
  readonly sweeps?: boolean;
}

/** What to do if there is no sweep to compare the trials of. */
async function whatElse({ name, sweeps }: Subject, options: CompareTrialsOptions): Promise<string> {
  if (sweeps === true) return `\`${commandLine(callWords('sweep', options))}\` makes some`;
  const outputs = resolve(options.outputs);
  const { runs } = await historyOf(name, { outputs, store: storeOf(outputs) }).read();
  const [before, last] = runs.slice(-2).map(({ number }) => `${name}@${number}`);
  if (before !== undefined && last !== undefined)
    return `to compare two of its runs: \`${commandLine(['compare', before, last])}\``;
  if (before !== undefined) return 'it has only one run: name a second one, such as that of another pipeline';
  const present = (await workspacesIn(outputs)).map(({ folder }) => basename(folder));
  return sweeps === undefined && !present.includes(name)
    ? otherOutputs(name, present)
    : 'it has no sweep, and no runs are known: name two runs, such as `NAME@1` and `NAME@2`';
}

async function whoseResults({ pipeline, outputs, ...options }: CompareTrialsOptions): Promise<Subject> {
  if (!(await exists(pipeline)) || (await exists(join(outputs, pipeline, 'sweep.json'))))
    return { name: pipeline };
  const { located, diagnostics } = await loadChecked(pipeline, options);
  if (located === undefined) throw new Failure(...diagnostics);
  return { name: located.pipeline.name, sweeps: located.pipeline.sweep !== undefined };
}

function sorted(
  { columns, groups, parameters }: Results,
  title: string,
  metrics: readonly string[],
): readonly Group[] {
  const by = parameters.find((name) => columns.title(name) === title) ?? title;
  const known = [...new Set([...parameters.map((name) => columns.title(name)), ...parameters, ...metrics])];
  if (!known.includes(by)) {
    const near = suggest(by, known);
    throw failure(
      'usage',
      `there is no column \`${title}\``,
      near === undefined ? `there are ${known.join(', ')}` : `did you mean \`${near}\`?`,
    );
  }
  const valueOf = ({ parameters: own, metrics: measured }: Group): unknown =>
    Object.hasOwn(own, by) ? own[by] : measured.get(by)?.mean;
  return groups.toSorted((a, b) => compareValues(valueOf(a), valueOf(b)));
}

/** Numbers by size, then texts, then unknown values. */
function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return typeof a === 'number' ? -1 : typeof b === 'number' ? 1 : String(a).localeCompare(String(b), 'en');
}

function csvOf(
  { columns }: Results,
  numbers: ReadonlyMap<string, number>,
  groups: readonly Group[],
  metrics: readonly string[],
): string {
  const head = [
    ...['trials', 'label'],
    ...columns.names.map((name) => columns.fileTitle(name)),
    ...['state', 'reason'],
    ...metrics.flatMap((name) => [name, `${name} sd`]),
  ];
  const replicates = Math.max(1, ...groups.map(({ trials }) => trials.length));
  const rows = groups.map((group) => [
    group.trials.map(({ id }) => numbers.get(id) ?? '').join(' '),
    columns.describe(group.parameters),
    ...columns.names.map((name) => csvValue(group.parameters[name])),
    describeStates(group, replicates),
    [...new Set(group.trials.flatMap(({ problem }) => problem ?? []))].join('; '),
    ...metrics.flatMap((name) => [group.metrics.get(name)?.mean, group.metrics.get(name)?.deviation]),
  ]);
  return writeCsv([head, ...rows], '\n').trimEnd();
}
