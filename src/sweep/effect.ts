/** Finds parameters of a sweep that have no effect. */
import type { PipelineReader } from '../config/load.ts';
import type { LocatedPipeline, TrialSetting } from '../config/pipeline.ts';
import { canonicalJson, sha256, type Json, type JsonObject } from '../core/json.ts';
import { declared } from '../core/stage-type.ts';
import { buildGraph } from '../plan/graph.ts';
import { stageThreads } from '../plan/make.ts';
import { splitMetric } from './check.ts';
import type { Combination, SweepProblem } from './expand.ts';

/** Number of combinations, spread over all, in which a parameter's values are tried, and of values tried in each. */
const MOST_CONTEXTS = 12;
const MOST_VALUES = 12;

export interface EffectInputs {
  readonly located: LocatedPipeline;
  readonly reader: PipelineReader;
  readonly combinations: readonly Combination[];
  /** The overrides of a combination. */
  readonly settingsOf: (combination: Combination) => readonly TrialSetting[];
}

/** Warnings for parameters whose values change no stage, or none that the metric depends on. */
export async function effectProblems(inputs: EffectInputs): Promise<readonly SweepProblem[]> {
  const { located, combinations } = inputs;
  const { sweep } = located.pipeline;
  const problems: SweepProblem[] = [];
  if (sweep === undefined) return problems;
  const names = [...new Set(combinations.flatMap((each) => [...each.keys()]))];
  for (const name of names) {
    const values = new Map(
      combinations.flatMap((each) => {
        const value = each.get(name)?.value;
        return value === undefined ? [] : [[canonicalJson(value), value] as const];
      }),
    );
    if (values.size < 2) continue;
    const effect = await effectOf(inputs, name, [...values.values()]);
    const at = Object.hasOwn(sweep.parameters, name)
      ? ['parameters', name]
      : ['include', sweep.include.findIndex((each) => Object.hasOwn(each, name)), name];
    const severity = 'warning';
    if (effect === 'none') {
      problems.push({
        code: 'bad-setting',
        severity,
        message: `\`${name}\` has no effect: all its values give the same results`,
        hint: hintFor(name),
        at,
        part: 'key',
      });
    } else if (effect === 'other' && sweep.metric !== undefined) {
      problems.push({
        code: 'bad-setting',
        severity,
        message: `\`${name}\` does not change \`${sweep.metric.name}\`: no stage that it depends on uses \`${name}\``,
        hint: 'choose another metric, or remove the parameter from the sweep',
        at,
        part: 'key',
      });
    }
  }
  return problems;
}

function hintFor(name: string): string {
  return name.includes('.')
    ? 'remove it from the sweep'
    : `write \`\${params.${name}}\` where a stage should use it, or remove it from the sweep`;
}

/** What a parameter affects: nothing, stages that the metric depends on, or only other stages. */
async function effectOf(
  { located, reader, combinations, settingsOf }: EffectInputs,
  name: string,
  values: readonly Json[],
): Promise<'none' | 'metric' | 'other'> {
  const metric = located.pipeline.sweep?.metric;
  const stage = metric === undefined ? undefined : splitMetric(metric.name).stage;
  const holders = combinations.filter((each) => each.has(name));
  const step = Math.max(1, holders.length / MOST_CONTEXTS);
  let changesOther = false;
  for (let context = 0; context < holders.length; context += step) {
    const combination = holders[Math.floor(context)];
    const chosen = combination?.get(name);
    if (combination === undefined || chosen === undefined) continue;
    const signatures = async (value: Json): Promise<ReadonlyMap<string, string> | undefined> => {
      const settings = settingsOf(new Map(combination).set(name, { ...chosen, value }));
      const loaded = (await reader.load(settings)).located;
      return loaded === undefined ? undefined : signaturesOf(loaded);
    };
    const own = await signatures(chosen.value);
    const others = values.filter((value) => canonicalJson(value) !== canonicalJson(chosen.value));
    for (const value of others.slice(0, context === 0 ? MOST_VALUES : 2)) {
      const other = await signatures(value);
      // A combination that fails to load is reported elsewhere.
      if (own === undefined || other === undefined) return 'metric';
      if (stage !== undefined && own.get(stage) !== other.get(stage)) return 'metric';
      changesOther ||= canonicalJson([...own]) !== canonicalJson([...other]);
      if (changesOther && stage === undefined) return 'metric';
    }
  }
  return changesOther ? 'other' : 'none';
}

/** For each stage, a hash of all settings that its result could depend on. */
function signaturesOf(located: LocatedPipeline): ReadonlyMap<string, string> {
  const signatures = new Map<string, string>();
  for (const { name, type, inputs } of buildGraph(located).stages) {
    const settings: JsonObject = located.pipeline.stages.get(name) ?? {};
    const left = new Set(['threads', ...Object.keys(type.inputs), ...(type.cosmetic ?? [])]);
    const parts: Json = [
      type.type,
      Object.fromEntries(Object.entries<Json>(settings).filter(([key]) => !left.has(key))),
      Object.fromEntries(Object.entries(inputs).map(([key, stage]) => [key, signatures.get(stage) ?? stage])),
      type.engine === false ? 0 : stageThreads(located, name),
      declared(type.draws, settings) ? located.pipeline.seed : 0,
    ];
    signatures.set(name, sha256(canonicalJson(parts)));
  }
  return signatures;
}
