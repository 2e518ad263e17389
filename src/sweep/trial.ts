/** The trials of a sweep: the pipeline with some values overridden. */
import type { PipelineReader } from '../config/load.ts';
import { absoluteSource } from '../config/located.ts';
import type { LocatedPipeline, TrialSetting } from '../config/pipeline.ts';
import type { Diagnostic, SourceRange } from '../core/diagnostic.ts';
import { canonicalJson, isJsonObject, sha256, type Json, type JsonObject } from '../core/json.ts';
import { withoutNotes } from '../core/notes.ts';
import { deriveSeed } from '../core/seed.ts';
import { checkPipeline, inspectFiles } from '../plan/check.ts';
import type { HeldValues } from './held.ts';
import { pathOfParameter } from './names.ts';
import type { Budget } from './search/halving.ts';
import type { Chosen, Combination } from './expand.ts';

export interface Trial {
  /** The start of the SHA-256 of the resolved settings: the name of the trial and of its folder. */
  readonly id: string;
  /** Values by parameter, as named in the sweep. Parameters that a combination omits have the pipeline's value. */
  readonly parameters: JsonObject;
  /** From 1. */
  readonly replicate: number;
  readonly seed: number;
  /** Its overrides of values in the document. */
  readonly settings: readonly TrialSetting[];
  readonly located: LocatedPipeline;
  /** Why it cannot run: a search chose incompatible values. */
  readonly refused?: readonly Diagnostic[];
}

/** Hexadecimal digits of a name. With 10,000 trials, one sweep in 20,000 has two equal names. */
const ID_DIGITS = 10;

/** Options for making trials. */
export interface TrialMaker {
  readonly reader: PipelineReader;
  /** The valid pipeline, without any trial's settings. */
  readonly located: LocatedPipeline;
  /** The combination of the trial. */
  readonly held: HeldValues;
  /** Epochs of a training that a search sets, beside the combination. */
  readonly budget?: Budget;
}

export interface MadeTrial {
  readonly trial: Trial;
  /** Problems of its settings, with its values. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Canonical texts of stage settings, shared by trials. */
const texts = new WeakMap<JsonObject, string>();

function textOf(resolved: JsonObject): string {
  const { stages } = resolved;
  for (const settings of isJsonObject(stages) ? Object.values(stages) : [])
    if (isJsonObject(settings) && !texts.has(settings)) texts.set(settings, canonicalJson(settings));
  return canonicalJson(resolved, texts);
}

/** Makes the trial of a combination, and checks it with the loader. */
export async function makeTrial(
  { reader, located, held, budget }: TrialMaker,
  combination: Combination,
  replicate = 1,
): Promise<MadeTrial> {
  const settings = settingsOf(located, combination, replicate, budget);
  const loaded = await reader.load(settings);
  const trial = loaded.located ?? loaded.partial;
  const checked = trial === undefined ? [] : checkPipeline(trial, await inspectFiles(trial)).diagnostics;
  const { name: _name, description: _description, ...resolved } = withoutNotes(trial?.resolved ?? {});
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

/** The seed of a replicate; the first has the pipeline's own. */
function replicateSeed(seed: number, replicate: number): number {
  if (replicate === 1) return seed;
  const [low, high] = deriveSeed(seed, 'sweep', `replicate/${replicate}`);
  return (high % 2 ** 21) * 2 ** 32 + low;
}

/** One object for each chosen value, so that trials with that value can share what is derived from it. */
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

/** Values by parameter, as named in the sweep. */
export function valuesOf(combination: Combination): JsonObject {
  return Object.fromEntries([...combination].map(([name, { value }]) => [name, value]));
}

/** Adds the values of the trial to a problem, unless the problem is in such a value. */
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

/** A value on one line, truncated if long. */
export function shortJson(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
