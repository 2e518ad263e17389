/** The result of a sweep in one sentence. Pure: the same results give the same words. */
import { formatCount, formatPlural } from '../core/format.ts';
import type { Knee, KneeConfidence } from './knee.ts';
import { numberText } from './labels.ts';
import { columnFormat, type Quantity } from './numbers.ts';

/** The results of one combination of values. */
export interface AnsweredGroup {
  /** Labels of its values, one for each of the parameters. */
  readonly values: readonly string[];
  /** The metric's mean over the replicates that have one. */
  readonly summary?: Quantity & { readonly count: number };
  readonly trials: readonly { readonly state: string }[];
}

export interface AnswerInputs {
  readonly metric?: { readonly name: string; readonly goal: 'minimize' | 'maximize' };
  /** Names of the parameters in which trials differ. */
  readonly parameters: readonly string[];
  readonly groups: readonly AnsweredGroup[];
  /** Combinations with the best mean: all of them if every mean is the same. */
  readonly best: readonly AnsweredGroup[];
  /** Whether the metric against the one parameter is a curve that could have a knee. */
  readonly isCurve: boolean;
  readonly knee?: Knee & { readonly confidence?: KneeConfidence };
}

/** Labels that are listed one by one. */
const MOST_LABELS = 4;

/** The answer; empty while no trial has ended. */
export function answerOf(inputs: AnswerInputs): string {
  const { metric, groups } = inputs;
  const trials = groups.flatMap((group) => group.trials);
  if (trials.every(({ state }) => state === 'pending')) return '';
  if (metric === undefined) return withoutMetric(trials);
  const measured = groups.filter(({ summary }) => summary !== undefined);
  if (measured.length === 0) return nothingMeasured(metric.name, trials);
  return [mainSentence(inputs, metric, measured), missingSentence(groups), confidenceSentence(inputs)]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

type Metric = NonNullable<AnswerInputs['metric']>;

function withoutMetric(trials: AnsweredGroup['trials']): string {
  const ended = trials.filter(({ state }) => state === 'done' || state === 'kept').length;
  const count =
    ended === trials.length
      ? allOf(trials.length, 'trial')
      : `${ended} of ${formatPlural(trials.length, 'trial')}`;
  const is = ended === 1 && trials.length === 1 ? 'is' : 'are';
  return `${capital(count)} ${is} done. No metric is set, so no trial is called the best.`;
}

function nothingMeasured(metric: string, trials: AnsweredGroup['trials']): string {
  const reasons = (
    [
      ['failed', 'failed'],
      ['stopped', 'stopped early'],
      ['pending', 'not run'],
    ] as const
  ).flatMap(([state, words]) => {
    const count = trials.filter((trial) => trial.state === state).length;
    if (count === 0) return [];
    return [
      count === trials.length
        ? `${allOf(count, 'trial')} ${words === 'not run' ? 'did not run' : words}`
        : `${count} ${words}`,
    ];
  });
  const done = trials.filter(({ state }) => state === 'done' || state === 'kept').length;
  if (done > 0)
    reasons.push(`${done === trials.length ? allOf(done, 'trial') : done} measured no finite number`);
  return `No trial has a value of ${metric}: ${reasons.join(', ')}.`;
}

function mainSentence(inputs: AnswerInputs, metric: Metric, measured: readonly AnsweredGroup[]): string {
  const { parameters, best, knee, isCurve } = inputs;
  const { name, goal } = metric;
  const format = columnFormat(measured.map(({ summary }) => summary));
  const [first] = best;
  const value = format(first?.summary);
  const extreme = goal === 'minimize' ? 'lowest' : 'highest';
  const [parameter = ''] = parameters;
  if (parameters.length === 0) return `${name} is ${value}${overReplicates(first)}.`;
  const [only, another] = measured;
  if (another === undefined && only !== undefined) {
    const of =
      inputs.groups.length === 1 ? '' : `, the only one of ${inputs.groups.length} combinations with a value`;
    return `${name} is ${value} with ${placeOf(parameters, only)}${of}.`;
  }
  if (best.length === measured.length) {
    const what =
      parameters.length === 1
        ? `${allOf(measured.length, 'value')} of ${parameter}`
        : `${allOf(measured.length, 'combination')} of ${enumerate(parameters)}`;
    return `${name} is the same, ${value}, for ${what}.`;
  }
  if (knee !== undefined) return kneeSentence({ metric, parameter, knee, best, measured, format });
  const place =
    first === undefined ? '' : best.length > 1 ? tiedPlace(parameters, best) : placeOf(parameters, first);
  // Two points have no curve between them.
  const ending = isCurve ? '; the curve has no knee' : '';
  return `${name} is ${extreme} with ${place}: ${value}${ending}.`;
}

interface KneeInputs {
  readonly metric: Metric;
  readonly parameter: string;
  readonly knee: Knee;
  readonly best: readonly AnsweredGroup[];
  readonly measured: readonly AnsweredGroup[];
  readonly format: (quantity: Quantity | undefined) => string;
}

function kneeSentence({ metric, parameter, knee, best, measured, format }: KneeInputs): string {
  const { name, goal } = metric;
  const at = measured.find(({ values }) => values[0] === numberText(knee.x));
  const start = `The knee of the curve is at ${parameter.replaceAll('_', ' ')} ${numberText(knee.x)}`;
  const here = `There, ${name} is ${format(at?.summary)}`;
  const extreme = goal === 'minimize' ? 'lowest' : 'highest';
  const [first] = best;
  const others = best.filter((group) => group !== at).map(({ values }) => values[0] ?? '');
  if (at !== undefined && best.includes(at)) {
    return `${start}. ${here}, the ${extreme}${others.length === 0 ? '' : `, as at ${listed(others)}`}.`;
  }
  const sign = goal === 'minimize' ? 1 : -1;
  const worst = measured.reduce((one, other) => ((meanOf(other) - meanOf(one)) * sign > 0 ? other : one));
  const [from, to] = [meanOf(worst), first === undefined ? Number.NaN : meanOf(first)];
  return (
    `${start}. ${here}: ${share((from - knee.y) / (from - to))} of the improvement ` +
    `from ${format(worst.summary)} at ${worst.values[0]} to ${format(first?.summary)} at ${listed(others)}.`
  );
}

/** How certain the knee is, and by which method it was found. */
function confidenceSentence({ knee, best, groups }: AnswerInputs): string {
  if (knee === undefined || best.length === groups.length) return '';
  const method = 'Found by Kneedle (Satopää et al., 2011)';
  if (knee.confidence === undefined)
    return `${method} from single runs; set \`replicates\` to estimate how certain it is.`;
  const { agreement, low, high } = knee.confidence;
  const range = low === high ? '' : `, and 90 % of their knees lie between ${low} and ${high}`;
  return `${method}; ${share(agreement)} of 1,000 resamples of the replicates agree${range}.`;
}

/** How many combinations have no value, and why. */
function missingSentence(groups: readonly AnsweredGroup[]): string {
  const missing = groups.filter(({ summary }) => summary === undefined);
  if (missing.length === 0 || missing.length === groups.length) return '';
  const reasonOf = ({ trials }: AnsweredGroup): string => {
    const has = (state: string): boolean => trials.some((trial) => trial.state === state);
    if (has('failed')) return 'failed';
    if (has('stopped')) return 'stopped early';
    return has('pending') ? 'not run' : 'not a finite number';
  };
  const counts = countBy(missing.map(reasonOf));
  const reasons = [...counts].map(([reason, count]) => (counts.size === 1 ? reason : `${count} ${reason}`));
  return `${missing.length} of ${formatPlural(groups.length, 'combination')} ${missing.length === 1 ? 'has' : 'have'} no value (${reasons.join(', ')}).`;
}

function countBy(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** `latent_size 16, units 64` */
function placeOf(
  parameters: readonly string[],
  { values }: AnsweredGroup,
  shown: readonly number[] = [...parameters.keys()],
): string {
  return shown.map((index) => `${parameters[index]} ${values[index]}`).join(', ');
}

/** The values that the best have in common, then those in which they differ. */
function tiedPlace(parameters: readonly string[], best: readonly AnsweredGroup[]): string {
  const [first] = best;
  if (first === undefined) return '';
  const indexes = [...parameters.keys()];
  const common = indexes.filter((index) => best.every(({ values }) => values[index] === first.values[index]));
  const others = indexes.filter((index) => !common.includes(index));
  const [only = 0, another] = others;
  const differing =
    another === undefined
      ? `${parameters[only]} ${listed(best.map(({ values }) => values[only] ?? ''))} alike`
      : best.length <= 2
        ? `${best.map((group) => placeOf(parameters, group, others)).join(' and with ')} alike`
        : `${formatCount(best.length)} combinations of ${enumerate(others.map((index) => parameters[index] ?? ''))} alike`;
  return common.length === 0 ? differing : `${placeOf(parameters, first, common)}, and ${differing}`;
}

/** `4`, `4 and 8`, `2, 4, 8, 16 and 3 more` */
function listed(labels: readonly string[]): string {
  const more = labels.length - MOST_LABELS;
  return more > 0 ? `${labels.slice(0, MOST_LABELS).join(', ')} and ${more} more` : enumerate(labels);
}

function enumerate(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

function overReplicates(group: AnsweredGroup | undefined): string {
  const count = group?.summary?.count ?? 1;
  return count === 1 ? '' : `, the mean of ${formatCount(count)} replicates`;
}

function meanOf({ summary }: AnsweredGroup): number {
  return summary?.mean ?? Number.NaN;
}

function share(part: number): string {
  const percent = part * 100;
  return `${percent < 9.95 && percent > 0 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** `both values`, `all 3 values` */
function allOf(count: number, noun: string): string {
  if (count === 1) return `the ${noun}`;
  return count === 2 ? `both ${noun}s` : `all ${formatPlural(count, noun)}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
