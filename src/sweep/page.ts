/** `sweep.html` of a workspace, from the files there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { exists, writeFileAtomic } from '../files/atomic.ts';
import { Workspace } from '../artifacts/workspace.ts';
import { formatSeconds } from '../core/format.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { commandText } from '../report/command.ts';
import type { Cell, Picture } from '../report/exhibit.ts';
import { platformFacts } from '../report/parts.ts';
import { sourceFacts, type WrittenFile } from '../report/written.ts';
import { readPicture } from '../report/picture.ts';
import { renderSweepPage, type SweepReport } from '../report/sweep-page.ts';
import { FIGURES } from './figures.ts';
import { describeMethod } from './method.ts';
import { trialsFolder } from './plan.ts';
import { trialPage } from './trial-pages.ts';
import { trialNumbers, type SweepRecord, type TrialRecord } from './record.ts';
import { columnFormat } from './numbers.ts';
import {
  describeStates,
  differingMetrics,
  numbersText,
  parameterValues,
  resultsOf,
  type Results,
} from './results.ts';
import { isRange, type SweepParameter } from './values.ts';

/** Maximum number of values of a parameter to list. */
const MOST_VALUES = 24;
/** The same for values sampled from a range. */
const MOST_DRAWN = 5;

/** Maximum number of replicates whose pages are linked individually. */
const MOST_LINKS = 5;

/** The page of a sweep, in its workspace. */
export function sweepPage(workspace: string): string {
  return join(workspace, 'sweep.html');
}

/**
 * Writes the page of a sweep.
 *
 * @throws Failure if it cannot be written
 */
export async function writeSweepPage(
  workspace: string,
  record: SweepRecord,
  results: Results = resultsOf(record),
): Promise<void> {
  const report = await readSweepReport(record, results, workspace);
  await writeFileAtomic(sweepPage(workspace), renderSweepPage(report));
}

async function readSweepReport(
  record: SweepRecord,
  results: Results,
  workspace: string,
): Promise<SweepReport> {
  const { sweep, trials, pipeline, description, notes, seed, status, answer } = record;
  const { columns, parameters, groups, best } = results;
  const metrics = differingMetrics(results, sweep.metric?.name);
  const origin = await originOf(trials, workspace);
  const replicates = Math.max(1, ...groups.map((group) => group.trials.length));
  const names = parameters.length > 0 ? parameters : columns.names;
  const titles = names.map((name) => columns.title(name));
  const numbers = trialNumbers(trials);
  const pages = await pagesIn(workspace, trials);
  const linked = (own: readonly { readonly id: string }[]): Cell => {
    const text = numbersText(own.map(({ id }) => numbers.get(id) ?? 0));
    if (own.length > MOST_LINKS || !own.every(({ id }) => pages.has(id))) return { text, numeric: false };
    const links = own.map(({ id }) => ({ text: `#${numbers.get(id) ?? 0}`, path: trialPage(id) }));
    return { text, numeric: false, links };
  };
  const ownCells = (own: JsonObject): readonly Cell[] =>
    names.map((name) => valueCell(columns.label(name, own), own[name]));
  const formats = metrics.map((name) => columnFormat(groups.map((group) => group.metrics.get(name))));
  const formatValue = columnFormat(trials.map(valueOf));
  const ended = trials.filter(({ state }) => state === 'done' || state === 'kept' || state === 'stopped');
  return {
    name: pipeline,
    status: status === 'submitted' ? 'running' : status,
    ...(typeof description === 'string' ? { description } : {}),
    ...(typeof notes === 'string' ? { notes } : {}),
    ...(answer === undefined ? {} : { answer }),
    seed,
    asked: askedOf(record, results),
    columns: ['trial', ...titles, 'done', ...metrics],
    groups: groups.map((group) => ({
      isBest: best.has(group),
      cells: [
        linked(group.trials),
        ...ownCells(group.parameters),
        { text: describeStates(group, replicates), numeric: false },
        ...metrics.map((name, index) => numeric(formats[index]?.(group.metrics.get(name)) ?? '')),
      ],
    })),
    figures: await picturesIn(workspace),
    trialColumns: [
      ...['trial', ...titles, 'replicate', 'seed', 'state', 'time'],
      ...(sweep.metric === undefined ? [] : [sweep.metric.name]),
      'folder',
    ],
    trials: trials.map((trial) => [
      linked([trial]),
      ...ownCells(trial.parameters),
      numeric(String(trial.replicate)),
      numeric(String(trial.seed)),
      { text: STATES[trial.state](trial), numeric: false },
      numeric(trial.seconds > 0 ? formatSeconds(trial.seconds) : '–'),
      ...(sweep.metric === undefined ? [] : [numeric(formatValue(valueOf(trial)))]),
      { text: trial.id, numeric: false },
    ]),
    failures: trials.flatMap((trial) =>
      trial.state === 'failed'
        ? [
            {
              trial: linked([trial]),
              label: columns.describe(trial.parameters, names),
              reason: trial.problem ?? 'it did not succeed',
            },
          ]
        : [],
    ),
    done: ended.length,
    seconds: total(trials),
    facts: factsOf(record, origin),
    engine: record.engine,
    sources: origin?.sources ?? [],
    commands: commandsOf(record, origin ?? { file: `${pipeline}.yaml`, sources: [] }),
  };
}

/** Trials that have a page. */
async function pagesIn(workspace: string, trials: readonly TrialRecord[]): Promise<ReadonlySet<string>> {
  const found = await Promise.all(trials.map(({ id }) => exists(join(workspace, trialPage(id)))));
  return new Set(trials.flatMap(({ id }, place) => (found[place] === true ? [id] : [])));
}

const STATES: Readonly<Record<TrialRecord['state'], (trial: TrialRecord) => string>> = {
  done: () => 'done',
  kept: () => 'done',
  failed: () => 'failed',
  stopped: ({ epoch }) => `stopped after epoch ${epoch ?? 0}`,
  pending: () => 'not run',
};

function askedOf(record: SweepRecord, { columns, groups }: Results): SweepReport['asked'] {
  const { sweep } = record;
  const { metric, early_stop: stopping } = sweep;
  return [
    ...columns.names.map((name) => {
      const texts = parameterValues(groups, name).map((value) => columns.labels.of(name, value));
      return [columns.title(name), rangeText(sweep.parameters[name], texts) ?? valuesText(texts)] as const;
    }),
    ['Method', describeMethod(record)],
    ['Replicates', String(sweep.replicates)],
    ...(metric === undefined ? [] : [['Metric', `${metric.name}, ${metric.goal}d`] as const]),
    ...(stopping === undefined
      ? []
      : [['Early stop', `by the median rule, from epoch ${stopping.warmup_epochs} on`] as const]),
  ];
}

/** The range of sampled values, which is more informative than a list; undefined for few values and for other parameters. */
function rangeText(parameter: SweepParameter | undefined, texts: readonly string[]): string | undefined {
  if (parameter === undefined || !isRange(parameter) || parameter.step !== undefined) return undefined;
  if (texts.length <= MOST_DRAWN) return undefined;
  const { min, max, log } = parameter;
  return `${texts.length} values from ${min} to ${max}${log ? ', by their logarithm' : ''}`;
}

function valuesText(texts: readonly string[]): string {
  const separator = texts.some((text) => text.includes(',')) ? '; ' : ', ';
  const shown = texts.slice(0, MOST_VALUES).join(separator);
  return texts.length <= MOST_VALUES ? shown : `${shown} and ${texts.length - MOST_VALUES} more`;
}

interface Origin {
  readonly file: string;
  /** The pipeline and the files that it extends. */
  readonly sources: readonly WrittenFile[];
  readonly versions: JsonObject;
}

/** A trial's pipeline and the versions it ran with; undefined if no trial has started. */
async function originOf(trials: readonly TrialRecord[], workspace: string): Promise<Origin | undefined> {
  for (const { id } of trials) {
    const folder = join(trialsFolder(workspace), id);
    // A job may be killed before it writes one.
    const run = await new Workspace(folder).readRun();
    const text = await readFile(join(folder, 'pipeline.yaml'), 'utf8').catch(() => undefined);
    if (run === undefined || text === undefined || typeof run.file !== 'string') continue;
    const versions = isJsonObject(run['versions']) ? run['versions'] : {};
    const sources = [{ file: run['file'], text }, ...(await new Workspace(folder).readBases())];
    return { file: run['file'], sources, versions };
  }
  return undefined;
}

function factsOf(
  { trials, launcher, engine, seed, overrides }: SweepRecord,
  origin: Origin | undefined,
): SweepReport['facts'] {
  const timed = trials.filter(({ seconds }) => seconds > 0);
  const longest = Math.max(0, ...timed.map(({ seconds }) => seconds));
  return [
    ['Time of all trials', formatSeconds(total(trials))],
    ...(timed.length === 0
      ? []
      : [
          ['Mean time of a trial', formatSeconds(total(trials) / timed.length)] as const,
          ['Longest trial', formatSeconds(longest)] as const,
        ]),
    ['Ran by', launcher === 'local' ? 'processes of one machine' : `jobs of ${launcher}`],
    ['Seed', String(seed)],
    ...(overrides.length === 0 ? [] : [['Overrides', overrides.join(' ')] as const]),
    ...platformFacts(engine, origin?.versions ?? {}),
  ];
}

function commandsOf(
  { overrides, over = [], metricArgument, trials, engine }: SweepRecord,
  { file, sources }: Pick<Origin, 'file' | 'sources'>,
): SweepReport['commands'] {
  const { hasPlugins } = sourceFacts(sources, overrides);
  const options = [
    ...over.map((each) => ['--over', each] as const),
    ...(metricArgument === undefined ? [] : [['--metric', metricArgument] as const]),
  ];
  const first = trials.find(({ replicate }) => replicate === 1);
  const own = Object.entries(first?.parameters ?? {}).map(
    ([name, value]) => `${name.includes('.') ? name : `params.${name}`}=${JSON.stringify(value)}`,
  );
  return [
    [
      'The whole sweep:',
      commandText({ command: 'sweep', file, settings: overrides, options, engine, hasPlugins }),
    ],
    ...(first === undefined
      ? []
      : [
          [
            `One trial by itself, ${first.id}:`,
            commandText({ command: 'run', file, settings: [...overrides, ...own], engine, hasPlugins }),
          ] as const,
        ]),
  ];
}

async function picturesIn(workspace: string): Promise<readonly Picture[]> {
  const pictures: Picture[] = [];
  for (const name of FIGURES) {
    const { picture } = await readPicture(workspace, [`${name}.svg`, `${name}.png`], name);
    if (picture !== undefined) pictures.push(picture);
  }
  return pictures;
}

function total(trials: readonly TrialRecord[]): number {
  return trials.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** A label, and the full value if that is longer. */
function valueCell(label: string, value: Json | undefined): Cell {
  const full =
    value === undefined || value === null || typeof value !== 'object'
      ? String(value ?? label)
      : stringify(value, { lineWidth: 100 }).trimEnd();
  return { text: label, numeric: typeof value === 'number', ...(full === label ? {} : { full }) };
}

function valueOf({ value }: TrialRecord): { readonly mean: number } | undefined {
  return typeof value === 'number' ? { mean: value } : undefined;
}

function numeric(text: string): Cell {
  return { text, numeric: true };
}
