/** Checks of a `sweep` block that a schema cannot express, before any trial is made. */
import { overrideSources, overrideValue, pathOf } from '../config/override.ts';
import type { Sweep } from '../schema/generated/settings.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { shellWord } from '../core/shell.ts';
import type { OutputDescription } from '../core/stage-type.ts';
import { suggest } from '../core/suggest.ts';
import { trainMetricNames } from '../nodes/train/metric-names.ts';
import type { CheckResult } from '../plan/check.ts';
import type { GraphStage } from '../plan/graph.ts';
import type { SweepProblem } from './expand.ts';
import { sweepDiagnostic } from './diagnostic.ts';
import { overlap, pathOfParameter } from './names.ts';

/** Keys of the document that trials cannot differ in, and why. */
const FIXED: Readonly<Record<string, string>> = {
  name: 'all trials of a sweep share a name',
  description: 'it does not affect results',
  notes: 'they do not affect results',
  seed: 'use `replicates`, which runs each combination with several seeds',
  plugins: 'all trials of a sweep use the same plugins',
  sweep: 'a sweep cannot vary itself',
};

/**
 * Overrides of values that the sweep sets in every trial: they would have no effect. `-S sweep.parameters.lr=[…]` is allowed, since
 * it changes the values that are swept.
 *
 * @param severity a warning if the pipeline is only checked, since `run` accepts such overrides
 */
export function checkOverrides(
  { pipeline, overrides, locate }: LocatedPipeline,
  severity: 'error' | 'warning',
): readonly Diagnostic[] {
  const { sweep } = pipeline;
  if (sweep === undefined) return [];
  return overrideSources(overrides).flatMap(({ name: file, text }): readonly Diagnostic[] => {
    const written = text.slice(0, text.indexOf('='));
    const path = pathOf(written);
    const value = overrideValue(text);
    const swept = Object.keys(sweep.parameters).find((name) =>
      isOverridden(pathOf(pathOfParameter(name)), path, value),
    );
    if (swept === undefined) return [];
    return [
      {
        code: 'bad-override',
        severity,
        message: `\`-S ${written}\` would have no effect: the sweep sets \`${swept}\` in every trial`,
        range: { file, start: { line: 1, column: 1 }, end: { line: 1, column: written.length + 1 } },
        hint: `change the swept values: \`-S ${shellWord(`sweep.parameters.${swept.includes('.') ? '…' : swept}=[…]`)}\`, or remove \`${swept}\` from the sweep`,
        related: [
          { message: `\`${swept}\` is swept here`, range: locate(['sweep', 'parameters', swept], 'key') },
        ],
      },
    ];
  });
}

/** Whether a swept path is inside the value of an override, or contains it. */
function isOverridden(swept: readonly string[], path: readonly string[], value: Json | undefined): boolean {
  if (!overlap(swept, path)) return false;
  if (swept.length <= path.length) return true;
  // A map that also sets other settings still has an effect.
  let inner = value;
  for (const step of swept.slice(path.length)) {
    if (!isJsonObject(inner)) return true;
    if (!Object.hasOwn(inner, step)) return false;
    inner = inner[step];
  }
  return true;
}

/** @param checked the pipeline without any trial's settings */
export function checkSweep(located: LocatedPipeline, checked: CheckResult): readonly Diagnostic[] {
  const problems = [
    ...nameProblems(located),
    ...metricProblems(located, checked.outputs),
    ...stoppingProblems(located, checked.stages),
    ...searchProblems(located, checked.stages),
  ];
  return problems.map((problem) => sweepDiagnostic(located, problem));
}

function nameProblems({ pipeline, settingsCalled }: LocatedPipeline): readonly SweepProblem[] {
  const { sweep } = pipeline;
  if (sweep === undefined) return [];
  const problems: SweepProblem[] = [];
  const check = (names: readonly string[], at: readonly (string | number)[]): void => {
    const paths = new Map<string, string>();
    for (const name of names) {
      const path = pathOfParameter(name);
      const place = { at: [...at, name], part: 'key' as const };
      const problem = nameProblem(name, pipeline, settingsCalled);
      const twin = paths.get(path);
      if (problem !== undefined) problems.push({ ...problem, ...place });
      else if (twin !== undefined) {
        const message = `\`${name}\` and \`${twin}\` are the same setting`;
        problems.push({ code: 'duplicate-key', message, ...place });
      }
      paths.set(path, name);
    }
  };
  check(Object.keys(sweep.parameters), ['parameters']);
  sweep.include.forEach((each, index) => check(Object.keys(each), ['include', index]));
  return problems;
}

function nameProblem(
  name: string,
  { params, stages }: LocatedPipeline['pipeline'],
  settingsCalled: LocatedPipeline['settingsCalled'],
): Pick<SweepProblem, 'code' | 'message' | 'hint' | 'replacement'> | undefined {
  const [first = '', ...rest] = pathOf(name);
  const fixed = Object.hasOwn(FIXED, first) ? FIXED[first] : undefined;
  if (fixed !== undefined) {
    return { code: 'bad-setting', message: `\`${first}\` cannot be swept`, hint: fixed };
  }
  // `trained.epochs` begins with the name of a stage.
  const isKnown =
    rest.length > 0
      ? !stages.has(first) && !(first === 'params' && Object.keys(params).length === 0)
      : Object.hasOwn(params, name);
  if (isKnown) return undefined;
  const near = suggest(name, Object.keys(params));
  const problem = { code: 'unknown-param', message: `there is no parameter \`${name}\`` } as const;
  const [path, ...others] = near === undefined ? settingsCalled(name) : [`params.${near}`];
  if (near !== undefined) return { ...problem, hint: `did you mean \`${near}\`?`, replacement: near };
  if (path === undefined) {
    const used = `add \`params: { ${name}: … }\`, and write \`"\${params.${name}}"\` where it is used`;
    return { ...problem, hint: rest.length === 0 ? used : 'write a path such as `stages.trained.epochs`' };
  }
  const all = [path, ...others].map((each) => `\`${each}\``);
  const shared = `; or add \`params: { ${first}: … }\`, and write \`"\${params.${first}}"\` where it is used`;
  return {
    ...problem,
    hint: `write ${all.slice(0, 4).join(' or ')}${rest.length > 0 ? '' : shared}`,
    ...(others.length > 0 ? {} : { replacement: path }),
  };
}

function metricProblems(
  { pipeline }: LocatedPipeline,
  outputs: ReadonlyMap<string, OutputDescription | undefined>,
): readonly SweepProblem[] {
  const { metric } = pipeline.sweep ?? {};
  if (metric === undefined) return [];
  const at = ['metric', 'name'];
  const { stage, name } = splitMetric(metric.name);
  const settings = pipeline.stages.get(stage);
  if (settings === undefined) {
    const names = [...outputs]
      .filter(([, output]) => output?.kind === 'metrics' || output?.kind === 'scores')
      .map(([key]) => key);
    const near = suggest(stage, [...pipeline.stages.keys()]);
    return [
      {
        code: 'unknown-stage',
        message: `the pipeline has no stage \`${stage}\``,
        hint: near === undefined ? `stages with metrics: ${quoted(names)}` : `did you mean \`${near}\`?`,
        at,
      },
    ];
  }
  const output = outputs.get(stage);
  if (output === undefined) return [];
  const known = metricsOf(output);
  if (known.includes(name)) return [];
  const near = suggest(name, known);
  return [
    {
      code: 'unknown-metric',
      message: `\`${stage}\` has no metric \`${name}\``,
      hint:
        known.length === 0
          ? 'name a metric of a stage such as `evaluate`'
          : near === undefined
            ? `it has ${quoted(known)}`
            : `did you mean \`${stage}.${near}\`?`,
      at,
    },
  ];
}

function metricsOf(output: OutputDescription): readonly string[] {
  if (output.kind === 'metrics' || output.kind === 'scores') return output.names;
  return output.kind === 'trained-model' ? trainMetricNames(output.measured) : [];
}

function stoppingProblems(
  { pipeline }: LocatedPipeline,
  stages: readonly GraphStage[],
): readonly SweepProblem[] {
  const { sweep } = pipeline;
  if (sweep?.early_stop === undefined) return [];
  const at = ['early_stop'];
  if (isSearch(sweep)) {
    const message = `\`early_stop\` cannot be combined with \`method: ${sweep.method}\``;
    const hint = 'remove one of them: stopped trials have no result by which a search could choose others';
    return [{ code: 'bad-setting', message, hint, at, part: 'key' }];
  }
  return trainingProblems(sweep, stages, { what: '`early_stop`', at, part: 'key' });
}

/** Requirements of a sweep that chooses or stops trials by results. */
function searchProblems(
  { pipeline }: LocatedPipeline,
  stages: readonly GraphStage[],
): readonly SweepProblem[] {
  const { sweep } = pipeline;
  if (sweep === undefined) return [];
  const { method } = sweep;
  const idle = (['halving', 'bayes'] as const)
    .filter((name) => name !== method && sweep[name] !== undefined)
    .map((name): SweepProblem => ({
      code: 'bad-setting',
      severity: 'warning',
      message: `\`${name}\` has no effect with \`method: ${method}\``,
      at: [name],
      part: 'key',
    }));
  if (!isSearch(sweep)) return idle;
  const at = ['method'];
  const what = `\`method: ${method}\``;
  if (method === 'halving') {
    const problems = trainingProblems(sweep, stages, { what, at });
    return [...idle, ...problems];
  }
  const problems: SweepProblem[] = [];
  if (sweep.metric === undefined) problems.push(metricMissing({ what, at }));
  if (sweep.include.length > 0) {
    const message = `${what} chooses all combinations itself`;
    const hint = 'remove `include`, or run such combinations with `hourglass run -S`';
    problems.push({ code: 'bad-setting', message, hint, at: ['include'], part: 'key' });
  }
  return [...idle, ...problems];
}

function isSearch({ method }: Sweep): boolean {
  return method === 'halving' || method === 'bayes';
}

type Claim = { readonly what: string } & Pick<SweepProblem, 'at' | 'part'>;

function metricMissing({ what, ...place }: Claim): SweepProblem {
  const hint = 'add `metric: { name: quality.mse, goal: minimize }`, for example';
  return { code: 'missing-key', message: `${what} needs a \`metric\``, hint, ...place };
}

/** Halving and early stopping need exactly one training that the metric depends on. */
function trainingProblems(
  { metric }: Sweep,
  stages: readonly GraphStage[],
  claim: Claim,
): readonly SweepProblem[] {
  if (metric === undefined) return [metricMissing(claim)];
  const trains = trainStagesOf(splitMetric(metric.name).stage, stages);
  if (trains.length === 1) return [];
  const { what, ...place } = claim;
  const message =
    trains.length === 0
      ? `\`${metric.name}\` does not depend on a training`
      : `\`${metric.name}\` depends on several trainings: ${quoted(trains)}`;
  const hint = place.part === 'key' ? `remove ${what}` : 'use another method, such as `random` or `bayes`';
  return [{ code: 'bad-setting', message, hint, ...place }];
}

/** The trainings that a stage depends on, including itself. */
export function trainStagesOf(stage: string, stages: readonly GraphStage[]): readonly string[] {
  const wanted = new Set([stage]);
  // Backwards, because a stage comes after everything it needs.
  for (const { name, inputs } of stages.toReversed()) {
    if (wanted.has(name)) for (const input of Object.values(inputs)) wanted.add(input);
  }
  return stages
    .filter(({ name, type }) => wanted.has(name) && type.outputs === 'trained-model')
    .map(({ name }) => name);
}

/** `quality.mse` -> stage and metric. */
export function splitMetric(name: string): { readonly stage: string; readonly name: string } {
  const dot = name.indexOf('.');
  return { stage: name.slice(0, dot), name: name.slice(dot + 1) };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
