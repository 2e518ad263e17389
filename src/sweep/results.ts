/** What the trials of a sweep say together: means over replicates, the best, the knee of the curve, and the answer in a sentence. */
import { canonicalJson, type Json, type JsonObject } from '../core/json.ts';
import { findKnee, kneeConfidence, type Knee, type KneeConfidence } from './knee.ts';
import { deriveSeed } from '../core/seed.ts';
import { metricNames, metricOf, type SweepRecord, type TrialRecord } from './record.ts';
import { shortJson } from './trial.ts';

/** A metric over the replicates of a combination. */
export interface Summary {
  readonly mean: number;
  /** Sample standard deviation; undefined for a single value. */
  readonly deviation?: number;
  readonly count: number;
}

/** The replicates of one combination. */
export interface Group {
  readonly parameters: JsonObject;
  readonly trials: readonly TrialRecord[];
  /** By `stage.metric`. */
  readonly metrics: ReadonlyMap<string, Summary>;
}

export interface Results {
  /** Parameters in which the trials differ. */
  readonly parameters: readonly string[];
  readonly groups: readonly Group[];
  /** The group with the best mean of the sweep's metric. */
  readonly best?: Group;
  readonly knee?: Knee & { readonly confidence?: KneeConfidence };
  readonly answer?: string;
}

export function resultsOf(record: SweepRecord): Results {
  const groups = groupsOf(record.trials);
  const names = [...new Set(groups.flatMap(({ parameters }) => Object.keys(parameters)))];
  const parameters = names.filter(
    (name) => new Set(groups.map((group) => canonicalJson(group.parameters[name] ?? null))).size > 1,
  );
  const { metric } = record.sweep;
  if (metric === undefined) return { parameters, groups };
  const better = metric.goal === 'minimize' ? -1 : 1;
  const measured = groups.filter(({ metrics }) => metrics.has(metric.name));
  const best = measured.reduce<Group | undefined>((first, group) => {
    const difference = meanOf(group, metric.name) - (first === undefined ? NaN : meanOf(first, metric.name));
    return first === undefined || difference * better > 0 ? group : first;
  }, undefined);
  if (best === undefined) return { parameters, groups };
  const [parameter = ''] = parameters;
  const points = parameters.length === 1 ? curvePoints(measured, parameter, metric.name) : undefined;
  const knee = points === undefined ? undefined : kneeOf(points, record);
  const results = { parameters, groups, best, ...(knee === undefined ? {} : { knee }) };
  return { ...results, answer: answerOf(results, metric) };
}

/** Trials of equal parameters together, in their order. */
function groupsOf(trials: readonly TrialRecord[]): readonly Group[] {
  const byText = new Map<string, TrialRecord[]>();
  for (const trial of trials) {
    const text = canonicalJson(trial.parameters);
    const others = byText.get(text);
    if (others === undefined) byText.set(text, [trial]);
    else others.push(trial);
  }
  return [...byText.values()].map((own) => {
    const names = new Set(own.flatMap(({ metrics }) => metricNames(metrics)));
    const metrics = [...names].map((name) => [name, summarize(valuesOf(own, name))] as const);
    return { parameters: own[0]?.parameters ?? {}, trials: own, metrics: new Map(metrics) };
  });
}

function valuesOf(trials: readonly TrialRecord[], name: string): readonly number[] {
  return trials.flatMap(({ metrics }) => metricOf(metrics, name) ?? []);
}

function summarize(values: readonly number[]): Summary {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean, count };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (count - 1)), count };
}

function meanOf({ metrics }: Group, name: string): number {
  return metrics.get(name)?.mean ?? Number.NaN;
}

interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

/** All trials as points of a curve; undefined where a value of the parameter is no number. */
function curvePoints(
  groups: readonly Group[],
  parameter: string,
  metric: string,
): readonly CurvePoint[] | undefined {
  const points: CurvePoint[] = [];
  for (const { parameters, trials } of groups) {
    const x = parameters[parameter];
    if (typeof x !== 'number') return undefined;
    points.push(...valuesOf(trials, metric).map((y) => ({ x, y })));
  }
  return points;
}

function kneeOf(points: readonly CurvePoint[], { seed, sweep }: SweepRecord): Results['knee'] {
  const direction = sweep.metric?.goal === 'maximize' ? 'increasing' : 'decreasing';
  const knee = findKnee(points, { direction });
  if (knee === undefined) return undefined;
  const confidence = kneeConfidence(points, { direction }, deriveSeed(seed, 'sweep', 'knee'));
  return { ...knee, ...(confidence === undefined ? {} : { confidence }) };
}

function answerOf(
  { parameters, groups, best, knee }: Results,
  { name, goal }: { readonly name: string; readonly goal: 'minimize' | 'maximize' },
): string {
  if (best === undefined) return '';
  const [parameter = ''] = parameters;
  const atBest = describeSummary(best.metrics.get(name));
  const extreme = goal === 'minimize' ? 'lowest' : 'highest';
  if (knee === undefined) {
    const where = describeParameters(best.parameters, parameters);
    const ending = parameters.length === 1 ? '; the curve has no knee' : '';
    return `${name} is ${extreme} with ${where}: ${atBest}${ending}.`;
  }
  const group = groups.find(({ parameters: own }) => own[parameter] === knee.x);
  const at = `${name} ${describeSummary(group?.metrics.get(name))}`;
  const start = `The smallest ${parameter.replaceAll('_', ' ')} that loses little is ${knee.x}`;
  if (best === group) return `${start}: ${at}, the ${extreme}. ${describeConfidence(knee)}`;
  const worst = groups
    .filter(({ metrics }) => metrics.has(name))
    .reduce((one, other) =>
      (meanOf(other, name) - meanOf(one, name)) * (goal === 'minimize' ? 1 : -1) > 0 ? other : one,
    );
  const [from, to] = [meanOf(worst, name), meanOf(best, name)];
  const valueOf = ({ parameters: own }: Group): string => shortJson(own[parameter] ?? null);
  return (
    `${start}: with ${at} it brings ${formatShare((from - knee.y) / (from - to))} of what there is to gain, ` +
    `from ${describeSummary(worst.metrics.get(name))} at ${valueOf(worst)} to ${atBest} at ${valueOf(best)}. ` +
    describeConfidence(knee)
  );
}

/** How sure the knee is, and by which method it was found. */
function describeConfidence({ confidence }: NonNullable<Results['knee']>): string {
  const method = 'Knee by Kneedle (Satopää et al., 2011)';
  if (confidence === undefined)
    return `${method}, from single runs: \`replicates\` would tell how sure it is.`;
  const { agreement, low, high } = confidence;
  const range = low === high ? '' : `, 90 % of them from ${low} to ${high}`;
  return `${method}; ${formatShare(agreement)} of 1,000 resamples of the replicates agree${range}.`;
}

function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent < 9.95 && percent > 0 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** Metrics that differ from combination to combination: that of the sweep first, then others of its stage. */
export function differingMetrics({ groups }: Results, first: string | undefined): readonly string[] {
  const all = [...new Set(groups.flatMap(({ metrics }) => [...metrics.keys()]))];
  const differing = all.filter(
    (name) => new Set(groups.flatMap(({ metrics }) => metrics.get(name)?.mean ?? [])).size > 1,
  );
  if (first === undefined) return differing;
  const others = differing.filter((name) => name !== first);
  const stage = first.slice(0, first.indexOf('.') + 1);
  const [near, far] = [true, false].map((own) => others.filter((name) => name.startsWith(stage) === own));
  return [first, ...(near ?? []), ...(far ?? [])];
}

/** How many replicates of a combination are done: `3`, or what is missing: `2 of 3, 1 failed`. */
export function describeStates({ trials }: Group, replicates: number): string {
  const count = (...states: readonly string[]): number =>
    trials.filter(({ state }) => states.includes(state)).length;
  const done = count('done', 'kept');
  const others = (['failed', 'stopped', 'pending'] as const).filter((state) => count(state) > 0);
  if (others.length === 0) return String(done);
  const of = replicates === 1 ? [] : [`${done} of ${trials.length}`];
  return [...of, ...others.map((state) => (replicates === 1 ? state : `${count(state)} ${state}`))].join(
    ', ',
  );
}

/** `latent_size 16, units 64` */
export function describeParameters(parameters: JsonObject, names: readonly string[]): string {
  return names
    .filter((name) => Object.hasOwn(parameters, name))
    .map((name) => `${shortName(name)} ${shortJson(parameters[name] ?? null)}`)
    .join(', ');
}

/** `stages.trained.batch_size` -> `trained.batch_size`, `params.latent_size` -> `latent_size` */
export function shortName(name: string): string {
  return name.replace(/^(stages|params)\./, '');
}

/** `0.0123 ± 0.0004` */
export function describeSummary(summary: Summary | undefined): string {
  if (summary === undefined) return '';
  const { mean, deviation } = summary;
  return deviation === undefined ? formatValue(mean) : `${formatValue(mean)} ± ${formatValue(deviation, 2)}`;
}

/** A metric with four significant digits. */
function formatValue(value: number, digits = 4): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4
    ? value.toExponential(digits - 1)
    : String(Number(value.toPrecision(digits)));
}

/** Values of a parameter that all groups have, by ascending number or in their order. */
export function parameterValues(groups: readonly Group[], name: string): readonly Json[] {
  const values = [
    ...new Map(
      groups.map(({ parameters }) => [canonicalJson(parameters[name] ?? null), parameters[name] ?? null]),
    ).values(),
  ];
  return values.every((value) => typeof value === 'number')
    ? values.toSorted((a, b) => Number(a) - Number(b))
    : values;
}
