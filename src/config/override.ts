/** `-S path=value`: overrides of the command line. */
import { Failure, type SourceFile, type SourceRange } from '../core/diagnostic.ts';
import type { Json } from '../core/json.ts';
import {
  locatedFrom,
  OVERRIDE_PREFIX,
  overValue,
  toJson,
  type Located,
  type LocatedDocument,
  type LocatedEntry,
  type LocatedMap,
} from './located.ts';
import { parseSource } from './parse.ts';
import { FORBIDDEN_KEYS, MAX_DEPTH, reservedMessage } from './tree.ts';
import { overridesMeant, overridesText } from './advice/stray.ts';
import type { DocumentPath, TrialSetting } from './pipeline.ts';
import { didYouMean, errorAt, type ReportDiagnostic } from './diagnostics/report.ts';
import { backticked, printable } from './diagnostics/wording.ts';

/**
 * The sources to which the ranges of overrides refer, such as `-S params.latent_size=8`; the text is the part after
 * `-S`. Each name means one text.
 */
export function overrideSources(overrides: readonly string[]): readonly SourceFile[] {
  return sourcesOf(overrides, OVERRIDE_PREFIX);
}

/** Sources of arguments, named by a prefix and the argument. */
export function sourcesOf(args: readonly string[], prefix: string): readonly SourceFile[] {
  const texts = new Map<string, string>();
  return args.map((text) => {
    const plain = `${prefix}${text.replace(/\s+/g, ' ')}`;
    let name = plain;
    for (let count = 2; (texts.get(name) ?? text) !== text; count += 1) name = `${plain} (${count})`;
    texts.set(name, text);
    return { name, text };
  });
}

/**
 * Applies overrides in order. The value is YAML, as in `[ ]` or after a key. The path is keys and
 * list positions with dots between (`encoder.3.Dense.units`, or `encoder[3].Dense.units`). A stage, a parameter and a
 * list item must exist; other keys may be new, and are checked like those of the file.
 *
 * @param sources one for each override
 */
export function applyOverrides(
  document: LocatedDocument<'merged'>,
  sources: readonly SourceFile[],
  report: ReportDiagnostic,
): LocatedDocument<'overridden'> {
  let { root } = document;
  for (const source of sources) {
    try {
      root = applyOverride(root, source, report);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      error.diagnostics.forEach(report);
    }
  }
  return { state: 'overridden', root };
}

/** @throws Failure `bad-override` */
function applyOverride(root: LocatedMap, source: SourceFile, report: ReportDiagnostic): LocatedMap {
  const equals = source.text.indexOf('=');
  const rangeOf = (start: number, end: number): SourceRange => ({
    file: source.name,
    start: { line: 1, column: start + 1 },
    end: { line: 1, column: end + 1 },
  });
  if (equals === -1) {
    throw refusal(rangeOf(0, source.text.length), 'an override is a path, `=`, and a value', {
      hint: 'for example `-S params.latent_size=8`',
    });
  }
  const path = segmentsOf(source.text.slice(0, equals));
  const pathRange = rangeOf(0, equals);
  if (path.length === 0 || path.length > MAX_DEPTH || path.some(({ name }) => name === '')) {
    throw refusal(pathRange, `${backticked(source.text.slice(0, equals))} is not a path`, {
      hint: 'for example `params.latent_size`',
    });
  }
  const tree = parseSource(source, report, equals + 1);
  if (tree === undefined) return root;
  const value: Located =
    tree === 'empty'
      ? { kind: 'scalar', value: null, range: rangeOf(0, source.text.length), unwritten: true }
      : tree;
  const steps = path.map(({ name, start }) => ({ name, range: rangeOf(start, start + name.length) }));
  refuseStray(root, steps, source.text, pathRange);
  const result = put(root, steps, value, []);
  return result.kind === 'map' ? result : root;
}

/** @throws Failure for a setting without its full path, such as `epochs=3`, if that path can be found */
function refuseStray(
  root: LocatedMap,
  [first, ...rest]: readonly Step[],
  text: string,
  pathRange: SourceRange,
): void {
  if (first === undefined || FORBIDDEN_KEYS.has(first.name)) return;
  const names = [first, ...rest].map(({ name }) => name);
  const meant = overridesMeant(root, names, text.slice(text.indexOf('=') + 1));
  const [only, ...others] = meant;
  if (only === undefined) return;
  const edits = others.length > 0 ? undefined : [{ range: { ...pathRange, end: endOf(text) }, text: only }];
  const what = NAMED.get(first.name);
  const wrong = what === undefined ? first : (rest[0] ?? first);
  // The same code as for an unknown key in the file.
  const code = rest.length === 0 ? 'unknown-key' : 'bad-override';
  const message =
    rest.length === 0
      ? `unknown key ${backticked(first.name)} in the pipeline`
      : `the pipeline has no ${what === undefined ? '' : `${what} `}${backticked(wrong.name)}`;
  throw new Failure(errorAt(wrong.range, code, message, { hint: overridesText(meant), edits }));
}

function endOf(text: string): SourceRange['end'] {
  return { line: 1, column: text.length + 1 };
}

/** The value of an override as data; undefined if it cannot be read. */
export function overrideValue(text: string): Json | undefined {
  const tree = parseSource({ name: '', text }, () => undefined, text.indexOf('=') + 1);
  return tree === 'empty' ? null : tree === undefined ? undefined : toJson(tree, () => undefined);
}

/** Applies a trial's settings. Problems with a setting are reported where the sweep names it. */
export function applySettings(
  document: LocatedDocument<'overridden'>,
  settings: readonly TrialSetting[],
  report: ReportDiagnostic,
): LocatedDocument<'overridden'> {
  let { root } = document;
  for (const setting of settings) {
    try {
      const steps = segmentsOf(setting.path).map(({ name }) => ({ name, range: setting.keyRange }));
      const result = put(root, steps, treeOf(setting), []);
      if (result.kind === 'map') root = result;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      error.diagnostics.forEach(report);
    }
  }
  return { state: 'overridden', root };
}

/** The trees of settings: trials with the same setting share everything that follows from it. */
const trees = new WeakMap<TrialSetting, Located>();

function treeOf(setting: TrialSetting): Located {
  const tree = trees.get(setting) ?? locatedFrom(setting.value, setting.range, setting.writtenIn);
  trees.set(setting, tree);
  return tree;
}

/** A trial's setting as an argument of `-S`. */
export function settingText({ path, value }: TrialSetting): string {
  return `${path}=${JSON.stringify(value)}`;
}

/** The keys of a dotted path. */
export function pathOf(path: string): readonly string[] {
  return segmentsOf(path).map(({ name }) => name);
}

interface Step {
  readonly name: string;
  readonly range: SourceRange;
}

/** The keys and positions of a path, each with its offset. */
export function segmentsOf(path: string): readonly { readonly name: string; readonly start: number }[] {
  if (path === '') return [];
  const segments = [];
  let start = 0;
  for (const match of path.matchAll(/\.|\[(?=\d+\](?:[.[]|$))|\](?<=\[\d+\])(?:\.|(?=\[|$))/g)) {
    segments.push({ name: path.slice(start, match.index), start });
    start = match.index + match[0].length;
  }
  if (start < path.length || !path.endsWith(']')) segments.push({ name: path.slice(start), start });
  return segments;
}

/** The tree with `value` at the end of `steps`; `at` is the path so far. */
function put(tree: Located, steps: readonly Step[], value: Located, at: DocumentPath): Located {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  const { name, range } = step;
  if (tree.kind === 'list') {
    const index = /^\d+$/.test(name) ? Number(name) : -1;
    const item = tree.items[index];
    if (item === undefined) {
      const last = tree.items.length - 1;
      const takes = last < 0 ? 'an empty list' : `a list with the positions 0 to ${last}`;
      throw refusal(range, `${backticked(printable(name))} is not in ${backticked(at.join('.'))}, ${takes}`);
    }
    return { ...tree, items: tree.items.with(index, put(item, rest, value, [...at, index])) };
  }
  if (tree.kind === 'scalar') {
    const whole =
      typeof tree.value === 'string' ? /^\$\{(params\.[^{}]+)\}$/.exec(tree.value)?.[1] : undefined;
    if (whole !== undefined) {
      const named = `${backticked(at.join('.'))} is ${backticked(String(tree.value))}`;
      throw refusal(range, `${named}, so its parts are set there`, {
        hint: `for example \`-S ${printable([whole, name, ...steps.slice(1).map((each) => each.name)].join('.'))}=…\``,
      });
    }
    throw refusal(range, `${backticked(at.join('.'))} is not a map, so it has no ${backticked(name)}`, {
      hint: `set the whole value: \`-S ${printable(at.join('.'))}=…\``,
    });
  }
  const before = tree.entries.get(name);
  if (before === undefined) mustBeKnown(tree, step, at, rest.length === 0);
  // `a.b=1` makes `a` a map if it does not exist or is empty.
  const inner =
    before === undefined || (rest.length > 0 && isEmpty(before.value)) ? emptyMap(range) : before.value;
  if (rest.length > 0 && at[0] === 'stages' && at.length === 1 && isRemoved(before)) {
    throw refusal(range, `the pipeline removes its stage ${backticked(name)}`);
  }
  const entry: LocatedEntry = {
    keyRange: before !== undefined && rest.length > 0 ? before.keyRange : range,
    value: rest.length > 0 ? put(inner, rest, value, [...at, name]) : overValue(before?.value, value),
  };
  return { ...tree, entries: new Map(tree.entries).set(name, entry) };
}

/** Maps whose names the pipeline chooses. A new name would have no effect, or would be a stage by mistake. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ['params', 'parameter'],
  ['stages', 'stage'],
]);

function mustBeKnown(map: LocatedMap, { name, range }: Step, at: DocumentPath, isLast: boolean): void {
  if (FORBIDDEN_KEYS.has(name)) {
    throw refusal(range, reservedMessage(name), { hint: 'choose another name' });
  }
  if (at.length === 0 && name.startsWith('x-')) {
    throw refusal(range, `${backticked(name)} changes nothing: keys that begin with \`x-\` are ignored`);
  }
  if (at.length === 0 && name === 'extends') {
    throw refusal(range, '`extends` can only be set in the file');
  }
  const what = at.length === 1 ? NAMED.get(String(at[0])) : undefined;
  if (what !== undefined) {
    throw refusal(range, `the pipeline has no ${what} ${backticked(name)}`, {
      hint: didYouMean(name, map.entries.keys()) ?? namesOf(map, what),
    });
  }
  // A setting may have its default in the file and be set here. An unknown key above it is a mistake.
  if (at.length === 0 && !isLast) {
    throw refusal(range, `the pipeline has no ${backticked(name)}`, {
      hint: didYouMean(name, map.entries.keys()),
    });
  }
}

function namesOf(map: LocatedMap, what: string): string | undefined {
  const names = [...map.entries.keys()].slice(0, 8).map(backticked);
  return names.length === 0 ? undefined : `its ${what}s: ${names.join(', ')}`;
}

function isRemoved(entry: LocatedEntry | undefined): boolean {
  return entry?.value.kind === 'scalar' && entry.value.removes === true;
}

function isEmpty(value: Located): boolean {
  return value.kind === 'scalar' && value.value === null;
}

function emptyMap(range: SourceRange): LocatedMap {
  return { kind: 'map', entries: new Map(), range };
}

function refusal(range: SourceRange, message: string, notes: { hint?: string | undefined } = {}): Failure {
  return new Failure(errorAt(range, 'bad-override', message, notes));
}
