/** `--over name=values` and `--metric stage.name:goal`: what a sweep varies and measures, set on the command line. */
import { Failure, type SourceFile, type SourceRange } from '../core/diagnostic.ts';
import {
  METRIC_PREFIX,
  OVER_PREFIX,
  type Located,
  type LocatedDocument,
  type LocatedEntry,
  type LocatedMap,
} from './located.ts';
import { suggest } from '../core/suggest.ts';
import { segmentsOf, sourcesOf } from './override.ts';
import { parseSource } from './parse.ts';
import { FORBIDDEN_KEYS, MAX_DEPTH } from './tree.ts';
import { errorAt, type ReportDiagnostic } from './diagnostics/report.ts';
import { backticked, printable } from './diagnostics/wording.ts';

/** Keys of the block that `--over` replaces, since it means all combinations. */
const REPLACED = ['parameters', 'include', 'exclude'] as const;

/** The most values of a range without a step. */
const MOST_WHOLE = 100;
/** The most values of a logarithmic range. */
const MOST_POINTS = 1000;

const EXAMPLE = 'for example `--over latent_size=2,4,8` or `--over lr=0.001..0.1:log`';

/** The sources to which ranges of these arguments refer. */
export function overSources(
  over: readonly string[],
  metric: string | undefined,
): { readonly over: readonly SourceFile[]; readonly metric?: SourceFile } {
  const [source] = metric === undefined ? [] : sourcesOf([metric], METRIC_PREFIX);
  return { over: sourcesOf(over, OVER_PREFIX), ...(source === undefined ? {} : { metric: source }) };
}

/**
 * Adds a `sweep` block, or sets other parameters and another metric in the existing block. Values are a list without its `[ ]`,
 * or a range: `2..10:2`, `0.001..0.1:log`, `0.001..0.1:log:5`.
 */
export function applyOver(
  document: LocatedDocument<'merged'>,
  { over, metric }: ReturnType<typeof overSources>,
  report: ReportDiagnostic,
): LocatedDocument<'merged'> {
  if (over.length === 0 && metric === undefined) return document;
  const { root } = document;
  const before = root.entries.get('sweep');
  const parameters = new Map<string, LocatedEntry>();
  let isBroken = false;
  for (const source of over) {
    const parsed = attempt(() => parseOver(source, report), report);
    isBroken ||= parsed === undefined;
    if (parsed === undefined) continue;
    if (parameters.has(parsed.name)) {
      report(errorAt(parsed.entry.keyRange, 'duplicate-key', `${backticked(parsed.name)} is given twice`));
    }
    parameters.set(parsed.name, parsed.entry);
  }
  const [first] = over;
  if (before === undefined && first === undefined) return document;
  const range = first === undefined ? before?.keyRange : wholeRange(first);
  if (range === undefined) return document;
  const entries = new Map(before?.value.kind === 'map' ? before.value.entries : []);
  if (first !== undefined) {
    for (const key of REPLACED) entries.delete(key);
    entries.set('parameters', {
      keyRange: range,
      value: isBroken
        ? { kind: 'scalar', value: null, broken: true, range }
        : { kind: 'map', entries: parameters, range },
    });
  }
  const measured = metric === undefined ? undefined : attempt(() => parseMetric(metric), report);
  if (measured !== undefined) entries.set('metric', measured);
  const sweep: LocatedEntry = {
    keyRange: before?.keyRange ?? range,
    value: { kind: 'map', entries, range: before?.value.range ?? range },
  };
  return { ...document, root: { ...root, entries: new Map(root.entries).set('sweep', sweep) } };
}

function attempt<T>(parse: () => T, report: ReportDiagnostic): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    error.diagnostics.forEach(report);
    return undefined;
  }
}

/** @throws Failure `bad-override` */
function parseOver(
  source: SourceFile,
  report: ReportDiagnostic,
): { readonly name: string; readonly entry: LocatedEntry } | undefined {
  const { text } = source;
  const equals = text.indexOf('=');
  if (equals === -1) {
    throw refusal(wholeRange(source), '`--over` takes a parameter, `=`, and its values', EXAMPLE);
  }
  const name = text.slice(0, equals).trim();
  const keyRange = rangeIn(source, 0, equals);
  const steps = segmentsOf(name);
  if (
    steps.length === 0 ||
    steps.length > MAX_DEPTH ||
    steps.some((step) => step.name === '' || FORBIDDEN_KEYS.has(step.name))
  ) {
    throw refusal(keyRange, `${backticked(printable(name))} is not a parameter`, EXAMPLE);
  }
  const written = text.slice(equals + 1);
  if (written.trim() === '') {
    throw refusal(rangeIn(source, equals, text.length), `${backticked(name)} has no values`, EXAMPLE);
  }
  const value = /^\s*[-+]?\d[^,[{"']*\.\./.test(written)
    ? rangeValue(source, equals + 1)
    : listValue(source, equals, report);
  return value === undefined ? undefined : { name, entry: { keyRange, value } };
}

/** Values as in a list; a single list is the list itself. */
function listValue(source: SourceFile, equals: number, report: ReportDiagnostic): Located | undefined {
  const { name, text } = source;
  const bracketed = `${text.slice(0, equals)}[${text.slice(equals + 1)}]`;
  const tree = parseSource({ name, text: bracketed }, report, equals);
  if (tree === undefined || tree === 'empty' || tree.kind !== 'list') return undefined;
  const [only, another] = tree.items;
  const list = another === undefined && only?.kind === 'list' ? only : tree;
  for (const item of list.items) {
    if (item.kind === 'scalar' && typeof item.value === 'string' && RANGE.test(item.value)) {
      throw refusal(item.range, 'a range cannot be part of a list of values', 'write its values');
    }
  }
  // The brackets are not in the text.
  return { ...list, range: rangeIn(source, equals + 1, text.length) };
}

const NUMBER = String.raw`[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?`;
const RANGE = new RegExp(String.raw`^(\s*)(${NUMBER})\.\.(${NUMBER})(?::(.*?))?\s*$`, 's');

/** @throws Failure `bad-override` if it is not a range */
function rangeValue(source: SourceFile, start: number): Located {
  const written = source.text.slice(start);
  const all = rangeIn(source, start, source.text.length);
  const match = RANGE.exec(written);
  if (match === null) {
    const forms =
      'a range is `2..10` or `2..10:2` with a step, `0.001..0.1:log`, or `0.001..0.1:log:5` with a count';
    throw refusal(all, `${backticked(printable(written.trim()))} is not a range`, forms);
  }
  const [, blank = '', low = '', high = '', mode] = match;
  const [min, max] = [Number(low), Number(high)];
  const lowRange = rangeIn(source, start + blank.length, start + blank.length + low.length);
  const modeStart = start + blank.length + low.length + 2 + high.length + 1;
  const modeRange = rangeIn(source, modeStart, modeStart + (mode ?? '').length);
  if (!Number.isFinite(min) || !Number.isFinite(max)) throw refusal(all, 'a range must have finite ends');
  if (min > max)
    throw refusal(all, `${backticked(low)} is above ${backticked(high)}`, `write \`${high}..${low}\``);
  const number = (value: number, range: SourceRange): LocatedEntry => ({
    keyRange: range,
    value: { kind: 'scalar', value, range },
  });
  const stepped = (step: number): LocatedMap => ({
    kind: 'map',
    range: all,
    entries: new Map([
      ['min', number(min, lowRange)],
      ['max', number(max, all)],
      ['step', number(step, mode === undefined ? all : modeRange)],
    ]),
  });
  if (mode === undefined) {
    if (Number.isInteger(min) && Number.isInteger(max) && max - min < MOST_WHOLE) return stepped(1);
    throw refusal(
      all,
      'this range needs a step',
      `for example \`${low}..${high}:log\`, or \`${low}..${high}:STEP\``,
    );
  }
  const [kind = '', count, more] = mode.split(':');
  if (kind.trim() === 'log' && more === undefined) {
    if (min <= 0) throw refusal(lowRange, 'a logarithmic range must begin above 0');
    const wanted = count === undefined ? undefined : wholeNumber(count);
    if (count !== undefined && wanted === undefined) {
      throw refusal(
        modeRange,
        `${backticked(printable(count))} is not a number of values from 2 to ${MOST_POINTS}`,
      );
    }
    const values = wanted === undefined ? niceValues(min, max) : spreadValues(min, max, wanted);
    return {
      kind: 'list',
      range: all,
      items: values.map((value) => ({ kind: 'scalar', value, range: all })),
    };
  }
  const step = new RegExp(`^${NUMBER}$`).test(mode.trim()) ? Number(mode) : Number.NaN;
  if (!(step > 0)) {
    throw refusal(modeRange, `${backticked(printable(mode))} is not a step above 0, nor \`log\``);
  }
  return stepped(step);
}

function wholeNumber(text: string): number | undefined {
  const value = /^\s*\d{1,6}\s*$/.test(text) ? Number(text) : 0;
  return value >= 2 && value <= MOST_POINTS ? value : undefined;
}

/**
 * Doublings between whole numbers, if they reach the end exactly; otherwise about two values per power of ten, including both
 * ends.
 */
function niceValues(min: number, max: number): readonly number[] {
  const areWhole = Number.isInteger(min) && Number.isInteger(max);
  const doublings = Math.log2(max / min);
  if (areWhole && Number.isInteger(doublings)) {
    return Array.from({ length: doublings + 1 }, (_, power) => min * 2 ** power);
  }
  const inner: number[] = [];
  for (let index = 1; ; index += 1) {
    const value = min * 10 ** Math.floor(index / 2) * (index % 2 === 0 ? 1 : 3);
    // The last value is the end itself, not one just before it.
    if (value > max * 0.8) return between(min, inner, max);
    inner.push(round(value, areWhole, 12));
  }
}

/** A number of values at equal ratios, rounded to three digits. */
function spreadValues(min: number, max: number, count: number): readonly number[] {
  const areWhole = Number.isInteger(min) && Number.isInteger(max);
  const inner = Array.from({ length: count - 2 }, (_, index) =>
    round(min * (max / min) ** ((index + 1) / (count - 1)), areWhole, 3),
  );
  return between(min, inner, max);
}

/** Both ends and the distinct rounded values between them. */
function between(min: number, inner: readonly number[], max: number): readonly number[] {
  return [...new Set([min, ...inner.filter((value) => value > min && value < max), max])];
}

function round(value: number, isWhole: boolean, digits: number): number {
  return isWhole ? Math.round(value) : Number(value.toPrecision(digits));
}

/** Metrics for which higher is better; for the other metrics of Hourglass, lower is better. */
const MORE_IS_BETTER =
  /(?:^|_)(?:psnr|ssim|accuracy|elbo|active_units|perplexity|roc_auc|average_precision|precision|recall)$/;
const LESS_IS_BETTER =
  /(?:^|_)(?:mse|mae|rmse|loss|squared_error|absolute_error|error|crossentropy|divergence|reconstruction|kl|iwae|vq|mmd|nll|false_positive_rate)$/;

/** The goal that a metric's name implies; undefined if it implies none. */
export function goalOf(metric: string): 'minimize' | 'maximize' | undefined {
  const name = metric.slice(metric.indexOf('.') + 1);
  if (MORE_IS_BETTER.test(name)) return 'maximize';
  return LESS_IS_BETTER.test(name) ? 'minimize' : undefined;
}

const KNOWN_METRICS = [
  'mse',
  'mae',
  'rmse',
  'psnr',
  'ssim',
  'accuracy',
  'loss',
  'val_loss',
  'elbo',
  'nll',
  'roc_auc',
];

/** `quality.pnsr` -> `quality.psnr` */
function nearMetric(written: string): string | undefined {
  const dot = written.indexOf('.');
  const near = suggest(written.slice(dot + 1), KNOWN_METRICS);
  return near === undefined ? undefined : `${written.slice(0, dot + 1)}${near}`;
}

const GOALS: ReadonlyMap<string, 'minimize' | 'maximize'> = new Map([
  ['min', 'minimize'],
  ['minimize', 'minimize'],
  ['max', 'maximize'],
  ['maximize', 'maximize'],
]);

/** @throws Failure `bad-override` */
function parseMetric(source: SourceFile): LocatedEntry {
  const { text } = source;
  const colon = text.indexOf(':');
  const name = colon === -1 ? text : text.slice(0, colon);
  const range = rangeIn(source, 0, name.length);
  const goalRange = colon === -1 ? range : rangeIn(source, colon + 1, text.length);
  const goal = colon === -1 ? goalOf(name) : GOALS.get(text.slice(colon + 1));
  if (goal === undefined) {
    const near = colon === -1 ? nearMetric(name) : undefined;
    if (near !== undefined) {
      throw refusal(
        range,
        `\`${printable(name)}\` is not a metric that Hourglass knows`,
        `did you mean \`${printable(near)}\`?`,
      );
    }
    const hint = `for example \`--metric ${printable(name === '' ? 'quality.mse' : name)}:min\`, or \`:max\``;
    const message = colon === -1 ? 'say whether lower or higher is better' : 'the goal is `min` or `max`';
    throw refusal(goalRange, message, hint);
  }
  const entry = (value: string, at: SourceRange): LocatedEntry => ({
    keyRange: at,
    value: { kind: 'scalar', value, range: at },
  });
  const entries = new Map([
    ['name', entry(name, range)],
    ['goal', entry(goal, goalRange)],
  ]);
  return { keyRange: range, value: { kind: 'map', entries, range: wholeRange(source) } };
}

function rangeIn({ name }: SourceFile, start: number, end: number): SourceRange {
  return { file: name, start: { line: 1, column: start + 1 }, end: { line: 1, column: end + 1 } };
}

function wholeRange(source: SourceFile): SourceRange {
  return rangeIn(source, 0, source.text.length);
}

function refusal(range: SourceRange, message: string, hint?: string): Failure {
  return new Failure(errorAt(range, 'bad-override', message, { hint }));
}
