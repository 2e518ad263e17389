/** `sweep.html` of a workspace, from what lies there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic.ts';
import { Workspace } from '../artifacts/workspace.ts';
import { readJsonFile } from '../files/json-file.ts';
import { formatSeconds } from '../core/format.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { commandText } from '../report/command.ts';
import type { Cell, Picture } from '../report/exhibit.ts';
import { platformFacts } from '../report/parts.ts';
import { sourceFacts, type WrittenFile } from '../report/written.ts';
import { readPicture } from '../report/picture.ts';
import { renderSweepPage, type SweepReport } from '../report/sweep-page.ts';
import { FIGURES } from './figures.ts';
import { trialsFolder } from './plan.ts';
import type { SweepRecord, TrialRecord } from './record.ts';
import {
  describeParameters,
  describeStates,
  describeSummary,
  differingMetrics,
  parameterValues,
  resultsOf,
  shortName,
  type Group,
  type Results,
} from './results.ts';
import { shortJson } from './trial.ts';

/** Values of a parameter that are listed one by one. */
const MOST_VALUES = 24;

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
  { parameters, groups, best }: Results,
  workspace: string,
): Promise<SweepReport> {
  const { sweep, trials, pipeline, seed, status, answer } = record;
  const metrics = differingMetrics({ parameters, groups }, sweep.metric?.name);
  const origin = await originOf(trials, workspace);
  const replicates = Math.max(1, ...groups.map((group) => group.trials.length));
  const names = parameters.length > 0 ? parameters : Object.keys(groups[0]?.parameters ?? {});
  const ended = trials.filter(({ state }) => state === 'done' || state === 'kept' || state === 'stopped');
  return {
    name: pipeline,
    status: status === 'submitted' ? 'running' : status,
    ...(answer === undefined ? {} : { answer }),
    seed,
    asked: askedOf(record, groups),
    columns: [...names.map(shortName), 'trials', ...metrics],
    groups: groups.map((group) => ({
      isBest: group === best,
      cells: [
        ...names.map((name) => cell(group.parameters[name])),
        cell(describeStates(group, replicates)),
        ...metrics.map((name) => numeric(describeSummary(group.metrics.get(name)) || '–')),
      ],
    })),
    figures: await picturesIn(workspace),
    trialColumns: [
      'trial',
      ...names.map(shortName),
      'replicate',
      'seed',
      'state',
      'time',
      ...metrics.slice(0, 1),
    ],
    trials: trials.map((trial) => [
      cell(trial.id),
      ...names.map((name) => cell(trial.parameters[name])),
      cell(trial.replicate),
      cell(trial.seed),
      cell(STATES[trial.state](trial)),
      numeric(trial.seconds > 0 ? formatSeconds(trial.seconds) : ''),
      ...metrics
        .slice(0, 1)
        .map(() =>
          numeric(trial.value === undefined ? '' : describeSummary({ mean: trial.value, count: 1 })),
        ),
    ]),
    failures: trials.flatMap(({ id, state, parameters: own, problem = 'it did not succeed' }) =>
      state === 'failed' ? [{ trial: id, label: describeParameters(own, names), reason: problem }] : [],
    ),
    done: ended.length,
    seconds: total(trials),
    facts: factsOf(record, origin),
    sources: origin?.sources ?? [],
    commands: commandsOf(record, origin ?? { file: `${pipeline}.yaml`, sources: [] }),
  };
}

const STATES: Readonly<Record<TrialRecord['state'], (trial: TrialRecord) => string>> = {
  done: () => 'done',
  kept: () => 'done',
  failed: () => 'failed',
  stopped: ({ epoch }) => `stopped after epoch ${epoch ?? 0}`,
  pending: () => 'not run',
};

function askedOf({ sweep }: SweepRecord, groups: readonly Group[]): SweepReport['asked'] {
  const names = [...new Set(groups.flatMap(({ parameters }) => Object.keys(parameters)))];
  const { metric, early_stop: stopping } = sweep;
  return [
    ...names.map((name) => [shortName(name), valuesText(parameterValues(groups, name))] as const),
    ['Method', sweep.method],
    ['Replicates', String(sweep.replicates)],
    ...(metric === undefined ? [] : [['Metric', `${metric.name}, ${metric.goal}d`] as const]),
    ...(stopping === undefined
      ? []
      : [['Early stop', `by the median rule, from epoch ${stopping.warmup_epochs} on`] as const]),
  ];
}

function valuesText(values: readonly Json[]): string {
  const texts = values.map(shortJson);
  if (texts.length <= MOST_VALUES) return texts.join(', ');
  return `${texts.slice(0, MOST_VALUES).join(', ')} and ${texts.length - MOST_VALUES} more`;
}

interface Origin {
  readonly file: string;
  /** It and the files that it extends. */
  readonly sources: readonly WrittenFile[];
  readonly versions: JsonObject;
}

/** The pipeline as a trial has it, and by what it was run; undefined if none has begun. */
async function originOf(trials: readonly TrialRecord[], workspace: string): Promise<Origin | undefined> {
  for (const { id } of trials) {
    const folder = join(trialsFolder(workspace), id);
    const run = await readJsonFile(join(folder, 'run.json'));
    const text = await readFile(join(folder, 'pipeline.yaml'), 'utf8').catch(() => undefined);
    if (!isJsonObject(run) || text === undefined || typeof run['file'] !== 'string') continue;
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
    ['Work of all trials', formatSeconds(total(trials))],
    ...(timed.length === 0
      ? []
      : [
          ['Mean of a trial', formatSeconds(total(trials) / timed.length)] as const,
          ['Longest trial', formatSeconds(longest)] as const,
        ]),
    ['Ran by', launcher === 'local' ? 'processes of one machine' : `jobs of ${launcher}`],
    ['Seed', String(seed)],
    ...(overrides.length === 0 ? [] : [['Overrides', overrides.join(' ')] as const]),
    ...platformFacts(engine, origin?.versions ?? {}),
  ];
}

function commandsOf(
  { overrides, trials, engine }: SweepRecord,
  { file, sources }: Pick<Origin, 'file' | 'sources'>,
): SweepReport['commands'] {
  const { hasPlugins } = sourceFacts(sources, overrides);
  const first = trials.find(({ replicate }) => replicate === 1);
  const own = Object.entries(first?.parameters ?? {}).map(
    ([name, value]) => `${name.includes('.') ? name : `params.${name}`}=${JSON.stringify(value)}`,
  );
  return [
    ['The whole sweep:', commandText({ command: 'sweep', file, settings: overrides, engine, hasPlugins })],
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

function cell(value: Json | undefined): Cell {
  if (value === undefined) return { text: '–', numeric: false };
  return { text: shortJson(value), numeric: typeof value === 'number' };
}

function numeric(text: string): Cell {
  return { text, numeric: true };
}
