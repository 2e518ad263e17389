/** Finds the runs that a user names: `NAME` is the newest, `NAME@3` the third, `NAME#3` the third trial of a sweep. */
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { RunHistory, type PastRun } from '../artifacts/run-history.ts';
import type { Metrics, RunRecord } from '../artifacts/run-record.ts';
import type { Store } from '../artifacts/store.ts';
import { exists } from '../files/atomic.ts';
import { Workspace, workspacesIn } from '../artifacts/workspace.ts';
import { failure, type Failure } from '../core/diagnostic.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { suggest } from '../core/suggest.ts';
import { readSweepNow } from '../sweep/now.ts';
import { trialsFolder } from '../sweep/plan.ts';
import { trialNumbers } from '../sweep/record.ts';

/** A run to compare, wherever it is known from. */
export interface KnownRun {
  /** As the user named it. */
  readonly label: string;
  /** The settings of the run, with parameters and defaults. */
  readonly settings: JsonObject;
  /** Numbers that these settings produced. */
  readonly metrics: Metrics;
  readonly record: RunRecord;
  /** Absolute path of the outputs that show it; absent for a run that is known from the history. */
  readonly folder?: string;
}

export interface RunPlaces {
  /** Absolute path of the outputs folder. */
  readonly outputs: string;
  readonly store: Store;
}

interface RunName {
  readonly name: string;
  readonly run?: number;
  readonly trial?: number;
}

/** Names of pipelines contain neither `@` nor `#`. */
export function parseRunName(text: string): RunName {
  const [, name = '', kind, digits = ''] = /^(.*?)(?:([@#])([1-9]\d{0,8}))?$/s.exec(text) ?? [];
  const number = Number(digits);
  if (kind === '@') return { name, run: number };
  return kind === '#' ? { name, trial: number } : { name };
}

/** @throws Failure `no-run` if there is none of this name */
export async function findRun(label: string, places: RunPlaces): Promise<KnownRun> {
  const { name, run, trial } = parseRunName(label);
  if (run !== undefined) return fromHistory(label, await pastRun(name, run, places));
  const folder = join(places.outputs, name);
  const found = await readShown(trial === undefined ? folder : await trialFolder(folder, trial, places));
  if (found === undefined) throw await noRun(label, name, places);
  return { label, ...found };
}

/** @throws Failure `no-run` if there is none of this number */
export async function pastRun(name: string, number: number, places: RunPlaces): Promise<PastRun> {
  const { runs, unreadable } = await historyOf(name, places).read();
  const found = runs.find((each) => each.number === number);
  if (found !== undefined) return found;
  if (runs.length === 0 && unreadable.length === 0) throw await noRun(`${name}@${number}`, name, places);
  throw failure(
    'no-run',
    unreadable.includes(number)
      ? `what is known of run ${number} of \`${name}\` cannot be read`
      : `\`${name}\` has no run ${number}`,
    runs.length === 0
      ? `none of its runs can be read: ${unreadable.join(', ')}`
      : `there are ${runs.map((each) => each.number).join(', ')}; \`hourglass runs ${name}\` lists them`,
  );
}

export function historyOf(name: string, { outputs, store }: RunPlaces): RunHistory {
  return new RunHistory(store.runsFolder(outputs, name));
}

/** The pipeline file of a run and the files that it extends, as they were written. */
export function documentsOf({ pipeline, bases }: PastRun): readonly JsonObject[] {
  return [pipeline, ...bases.map(({ text }) => text)].map(parsed);
}

/** The settings of a run, with parameters and defaults. */
export function settingsOf({ resolved }: PastRun): JsonObject {
  return parsed(resolved);
}

function fromHistory(label: string, run: PastRun): KnownRun {
  return { label, settings: settingsOf(run), metrics: run.metrics, record: run.record };
}

async function readShown(folder: string): Promise<Omit<KnownRun, 'label'> | undefined> {
  const workspace = new Workspace(folder);
  const record = await workspace.readRun();
  if (record === undefined) return undefined;
  const settings = parsed((await workspace.readText('resolved.yaml')) ?? '');
  return { settings, metrics: await workspace.readMetrics(), record, folder };
}

async function trialFolder(folder: string, number: number, { store }: RunPlaces): Promise<string> {
  const sweep = await readSweepNow(folder, store);
  const numbers = trialNumbers(sweep?.trials ?? []);
  const id = [...numbers].find(([, each]) => each === number)?.[0];
  if (id !== undefined) return join(trialsFolder(folder), id);
  const name = basename(folder);
  throw failure(
    'no-run',
    sweep === undefined ? `there is no sweep of \`${name}\`` : `the sweep \`${name}\` has no trial ${number}`,
    sweep === undefined
      ? `runs are named as in \`${name}@${number}\`; \`hourglass runs ${name}\` lists them`
      : `\`hourglass compare ${name}\` lists its trials`,
  );
}

async function noRun(label: string, name: string, { outputs }: RunPlaces): Promise<Failure> {
  const present = (await workspacesIn(outputs)).map(({ folder }) => basename(folder));
  if (await exists(join(outputs, name, 'sweep.json')))
    return failure(
      'no-run',
      `\`${name}\` was swept, but not run`,
      `name one of its trials, such as \`${name}#1\`; \`hourglass compare ${name}\` lists them`,
    );
  const near = suggest(name, present);
  const list =
    present.length === 0 ? 'there are no outputs here' : `there are outputs of ${present.join(', ')}`;
  return failure(
    'no-run',
    `there is no run \`${label}\``,
    near === undefined || near === name ? list : `did you mean \`${near}\`?`,
  );
}

function parsed(yaml: string): JsonObject {
  try {
    const value: unknown = parse(yaml);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
