/** The trials of a sweep: the pipeline with other values in place of some. */
import type { PipelineReader } from '../config/load.ts';
import { absoluteSource } from '../config/located.ts';
import type { LocatedPipeline, TrialSetting } from '../config/pipeline.ts';
import type { Diagnostic, SourceRange } from '../core/diagnostic.ts';
import { canonicalJson, isJsonObject, sha256, type Json, type JsonObject } from '../core/json.ts';
import { deriveSeed } from '../core/seed.ts';
import { checkPipeline, inspectFiles } from '../plan/check.ts';
import type { HeldValues } from './held.ts';
import { pathOfParameter } from './names.ts';
import type { Budget } from './search/halving.ts';
import type { Chosen, Combination } from './expand.ts';

export interface Trial {
  /** The beginning of the SHA-256 of the resolved settings: the trial's name, and that of its folder. */
  readonly id: string;
  /** Values by parameter, as the sweep calls it: of what a combination does not name, the pipeline's. */
  readonly parameters: JsonObject;
  /** From 1. */
  readonly replicate: number;
  readonly seed: number;
  /** What it puts in place of values of the document. */
  readonly settings: readonly TrialSetting[];
  readonly located: LocatedPipeline;
  /** Why it cannot run: a search chose values that do not go together. */
  readonly refused?: readonly Diagnostic[];
}

/** Hexadecimal digits of a name: among 10,000 trials, two alike are found once in 20,000 sweeps. */
const ID_DIGITS = 10;

/** How trials of a sweep are made. */
export interface TrialMaker {
  readonly reader: PipelineReader;
  /** The pipeline as it is without any trial's settings, valid. */
  readonly located: LocatedPipeline;
  /** Of the sweep's combinations. */
  readonly held: HeldValues;
  /** Epochs of a training that a search sets, beside the combination. */
  readonly budget?: Budget;
}

export interface MadeTrial {
  readonly trial: Trial;
  /** What is wrong with its settings, and names its values. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Canonical texts of settings of stages, which trials share. */
const texts = new WeakMap<JsonObject, string>();

function textOf(resolved: JsonObject): string {
  const { stages } = resolved;
  for (const settings of isJsonObject(stages) ? Object.values(stages) : [])
    if (isJsonObject(settings) && !texts.has(settings)) texts.set(settings, canonicalJson(settings));
  return canonicalJson(resolved, texts);
}

/** Makes and checks the trial of a combination, through the loader. */
export async function makeTrial(
  { reader, located, held, budget }: TrialMaker,
  combination: Combination,
  replicate = 1,
): Promise<MadeTrial> {
  const settings = settingsOf(located, combination, replicate, budget);
  const loaded = await reader.load(settings);
  const trial = loaded.located ?? loaded.partial;
  const checked = trial === undefined ? [] : checkPipeline(trial, await inspectFiles(trial)).diagnostics;
  const { name: _name, description: _description, ...resolved } = trial?.resolved ?? {};
  const parameters = {
    ...(trial === undefined ? valuesOf(combination) : held.of(combination, trial)),
    ...(budget === undefined ? {} : { [budget.path]: budget.epochs }),
  };
  return {
    trial: {
      id: sha256(trial === undefined ? canonicalJson(parameters) : textOf(resolved)).slice(0, ID_DIGITS),
      parameters,
      replicate,
      seed: replicateSeed(located.pipeline.seed, replicate),
      settings,
      located: trial ?? located,
    },
    diagnostics: [...loaded.diagnostics, ...checked].map((diagnostic) =>
      nameTrial(diagnostic, located, combination, settings),
    ),
  };
}

/** The seed of a replicate: the pipeline's own for the first. */
function replicateSeed(seed: number, replicate: number): number {
  if (replicate === 1) return seed;
  const [low, high] = deriveSeed(seed, 'sweep', `replicate/${replicate}`);
  return (high % 2 ** 21) * 2 ** 32 + low;
}

/** One object for each chosen value: trials that share it share what is made of it. */
const settingsOfValues = new WeakMap<Chosen, TrialSetting>();

function settingOf({ locate }: LocatedPipeline, name: string, chosen: Chosen): TrialSetting {
  const { value, at } = chosen;
  const setting = settingsOfValues.get(chosen) ?? {
    path: pathOfParameter(name),
    value,
    writtenIn: absoluteSource(locate(['sweep', ...at], 'origin').file),
    range: locate(['sweep', ...at], 'value'),
    keyRange: locate(['sweep', ...at.slice(0, at[0] === 'include' ? 3 : 2)], 'key'),
  };
  settingsOfValues.set(chosen, setting);
  return setting;
}

export function settingsOf(
  located: LocatedPipeline,
  combination: Combination,
  replicate = 1,
  budget?: Budget,
): readonly TrialSetting[] {
  const { pipeline, locate } = located;
  const settings = [...combination].map(([name, chosen]) => settingOf(located, name, chosen));
  if (budget !== undefined) {
    const range = locate(['sweep', 'method'], 'value');
    settings.push({ path: budget.path, value: budget.epochs, range, keyRange: range });
  }
  if (replicate === 1) return settings;
  const range = locate(['sweep', 'replicates'], 'value');
  return [
    ...settings,
    { path: 'seed', value: replicateSeed(pipeline.seed, replicate), range, keyRange: range },
  ];
}

/** Values by parameter, as the sweep calls it. */
export function valuesOf(combination: Combination): JsonObject {
  return Object.fromEntries([...combination].map(([name, { value }]) => [name, value]));
}

/** Adds which values a problem comes with, unless it is one of a value itself. */
function nameTrial(
  diagnostic: Diagnostic,
  located: LocatedPipeline,
  combination: Combination,
  settings: readonly TrialSetting[],
): Diagnostic {
  const isOwn = settings.some(({ range, keyRange }) =>
    [range, keyRange].some((own) => isSame(own, diagnostic.range)),
  );
  const named = (diagnostic.related ?? []).some(({ range }) =>
    settings.some((setting) => isSame(setting.range, range)),
  );
  if (isOwn || named) return diagnostic;
  const related = [...combination].map(([name, { value, at }]) => ({
    message: `in the trial with \`${name}\` ${shortJson(value)}`,
    range: located.locate(['sweep', ...at], 'value'),
  }));
  return { ...diagnostic, related: [...(diagnostic.related ?? []), ...related] };
}

function isSame(a: SourceRange, b: SourceRange | undefined): boolean {
  return (
    b !== undefined &&
    a.file === b.file &&
    a.start.line === b.start.line &&
    a.start.column === b.start.column &&
    a.end.line === b.end.line &&
    a.end.column === b.end.column
  );
}

/** A value in a line, cut if it is long. */
export function shortJson(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
