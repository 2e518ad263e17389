/** Summarises the trials of a sweep: means over replicates, the best, the knee of the curve, and the answer in a sentence. */
import { canonicalJson, type Json, type JsonObject } from '../core/json.ts';
import { findKnee, kneeConfidence, type Knee, type KneeConfidence } from './knee.ts';
import { deriveSeed } from '../core/seed.ts';
import { answerOf } from './answer.ts';
import { ParameterColumns } from './columns.ts';
import { metricNames, metricOf, type SweepRecord, type TrialRecord } from './record.ts';

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
  /** Metrics by `stage.metric`. */
  readonly metrics: ReadonlyMap<string, Summary>;
}

export interface Results {
  readonly columns: ParameterColumns;
  /** Parameters in which the trials differ. */
  readonly parameters: readonly string[];
  readonly groups: readonly Group[];
  /** The groups with the best mean of the sweep's metric; none if all means are equal. */
  readonly best: ReadonlySet<Group>;
  readonly knee?: Knee & { readonly confidence?: KneeConfidence };
  readonly answer?: string;
}

/** Relative differences between means below this are only rounding. */
const SAME = 1e-12;

export function resultsOf(record: SweepRecord): Results {
  const groups = groupsOf(record.trials);
  const columns = new ParameterColumns(
    groups,
    groups.flatMap(({ metrics }) => [...metrics.keys()]),
  );
  const parameters = columns.varied;
  const { metric } = record.sweep;
  // Metrics after different numbers of epochs cannot be compared.
  const rated = groups.filter((group) => isAtFull(group, record.search));
  const measured = metric === undefined ? [] : rated.filter(({ metrics }) => metrics.has(metric.name));
  const tied = metric === undefined ? [] : bestOf(measured, metric);
  const best = new Set(tied.length === measured.length && measured.length > 1 ? [] : tied);
  const [parameter = ''] = parameters;
  const points =
    metric === undefined ||
    parameters.length !== 1 ||
    best.size === 0 ||
    record.unordered?.includes(parameter) === true
      ? undefined
      : curvePoints(measured, parameter, metric.name);
  const knee = points === undefined ? undefined : kneeOf(points, record);
  const answered = new Map(
    rated.map((group) => {
      const summary = metric === undefined ? undefined : group.metrics.get(metric.name);
      const values = parameters.map((name) => columns.label(name, group.parameters));
      return [
        group,
        { values, trials: group.trials, ...(summary === undefined ? {} : { summary }) },
      ] as const;
    }),
  );
  const answer = answerOf({
    ...(metric === undefined ? {} : { metric }),
    parameters: parameters.map((name) => columns.title(name)),
    groups: [...answered.values()],
    best: tied.flatMap((group) => answered.get(group) ?? []),
    isCurve: points !== undefined && new Set(points.map(({ x }) => x)).size > 2,
    ...(knee === undefined ? {} : { knee }),
  });
  return {
    ...{ columns, parameters, groups, best },
    ...(knee === undefined ? {} : { knee }),
    ...(answer === '' ? {} : { answer }),
  };
}

/** Whether a group was trained for the full number of epochs of halving. */
export function isAtFull({ parameters }: Group, search: SweepRecord['search']): boolean {
  if (search?.method !== 'halving') return true;
  return parameters[search.budget] === search.rungs.at(-1)?.epochs;
}

/** Groups with the best mean. */
function bestOf(
  measured: readonly Group[],
  { name, goal }: NonNullable<SweepRecord['sweep']['metric']>,
): readonly Group[] {
  const means = measured.map((group) => meanOf(group, name));
  const best = goal === 'minimize' ? Math.min(...means) : Math.max(...means);
  return measured.filter(
    (_, index) => Math.abs((means[index] ?? Number.NaN) - best) <= SAME * Math.abs(best),
  );
}

/** Groups trials with equal parameters, in their order. */
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
    const metrics = [...names].flatMap((name) => {
      const values = valuesOf(own, name);
      return values.length === 0 ? [] : [[name, summarize(values)] as const];
    });
    return { parameters: own[0]?.parameters ?? {}, trials: own, metrics: new Map(metrics) };
  });
}

/** The finite values of a metric. */
function valuesOf(trials: readonly TrialRecord[], name: string): readonly number[] {
  return trials.flatMap(({ metrics }) => metricOf(metrics, name) ?? []);
}

/** The deviation is that of a sample; a single value has none. */
export function summarize(values: readonly number[]): Summary {
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

/** All trials as points of a curve; undefined if a value of the parameter is not a number. */
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

/** Metrics that differ between combinations: the sweep's first, then others of its stage. */
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

/** How many replicates of a combination are done: `3`, or `2 of 3, 1 failed`. */
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

/** `#3`, or for replicates `#1, #4, #7` or `#1 … #28`. */
export function numbersText(numbers: readonly number[]): string {
  const texts = numbers.map((number) => `#${number}`);
  return texts.length > 3 ? `${texts[0]} … ${texts.at(-1)}` : texts.join(', ');
}

/** Values of a parameter in all groups, in ascending order if they are numbers. */
export function parameterValues(groups: readonly Group[], name: string): readonly Json[] {
  // Values may be lists, which must not be flattened.
  const own = groups.flatMap(({ parameters }) => {
    const value = parameters[name];
    return value === undefined ? [] : [value];
  });
  const values = [...new Map(own.map((value) => [canonicalJson(value), value])).values()];
  return values.every((value) => typeof value === 'number')
    ? values.toSorted((a, b) => Number(a) - Number(b))
    : values;
}
