/** `${params.x}`: replaces names of parameters by their values. */
import type { TextEdit } from '../core/diagnostic.ts';
import { suggest } from '../core/suggest.ts';
import {
  type Located,
  type LocatedDocument,
  type LocatedEntry,
  type LocatedMap,
  type LocatedScalar,
  mapValues,
  sourceOf,
  type Origin,
} from './located.ts';
import { LONGEST_TEXT, MOST_SUGGESTED } from './advice/limits.ts';
import { keysOf, parameterMeant, stageMeant } from './advice/parameters.ts';
import { plainParameter } from './advice/names.ts';
import { readPython } from './advice/python.ts';
import { InterpolatedStages, namesOfParameters } from './interpolated-stages.ts';
import { depthOf, weightOf } from './extent.ts';
import { segmentsOf } from './override.ts';
import { applySweep } from './swept.ts';
import { MAX_DEPTH, MAX_WEIGHT } from './tree.ts';
import { didYouMean, errorAt, type ReportDiagnostic } from './diagnostics/report.ts';
import { backticked, describe, joinArrows } from './diagnostics/wording.ts';

/** The most characters that parameters may add inside longer texts. */
const MAX_TEXT = 1_000_000;

const NAME = /^params\.[A-Za-z_][A-Za-z0-9_]*(?:[.[][^\s{}]+)?$/;

const WHOLE = /^\$\{([^{}]*)\}$/;

/**
 * Inserts parameters, also into each other. A text that is only `${params.x}` becomes the parameter's value with its type;
 * inside a longer text, the value is inserted as text. `${params.x.y}` is a value inside a parameter.
 */
export function interpolate(
  document: LocatedDocument<'overridden'>,
  report: ReportDiagnostic,
  known = new InterpolatedStages(),
): LocatedDocument<'interpolated'> {
  const { root } = document;
  const params = root.entries.get('params')?.value;
  const interpolation = new Interpolation(
    params?.kind === 'map' ? params.entries : new Map(),
    keysOf(root, 'stages'),
    report,
  );
  const applied = mapValues(root, (value, key) => {
    if (value.kind === 'map' && key === 'params') return interpolation.parameters(value);
    if (value.kind === 'map' && key === 'stages') return interpolation.everyStage(value, known);
    if (value.kind === 'map' && key === 'sweep') return interpolation.sweep(value);
    return interpolation.apply(value, 1);
  });
  return { state: 'interpolated', root: applied };
}

/** A parameter, or a value inside one, that is being resolved. */
interface Open {
  readonly name: string;
  /** The text that names it. */
  readonly by: LocatedScalar | undefined;
}

class Interpolation {
  private readonly params: ReadonlyMap<string, LocatedEntry>;
  private readonly stages: readonly string[];
  private readonly report: ReportDiagnostic;
  private problems = 0;
  /** Values of resolved parameters, by their dotted path. */
  private readonly known = new Map<string, Located>();
  private readonly open: Open[] = [];
  private values = 0;
  private characters = 0;
  private full = false;
  /** Parameters that are not inserted: their names stay as written. */
  private left: ReadonlySet<string> = new Set();

  constructor(
    params: ReadonlyMap<string, LocatedEntry>,
    stages: readonly string[],
    report: ReportDiagnostic,
  ) {
    this.params = params;
    this.stages = stages;
    this.report = (diagnostic) => {
      this.problems += 1;
      report(diagnostic);
    };
  }

  /** The parameters themselves, with others inserted. */
  parameters(map: LocatedMap): LocatedMap {
    return mapValues(map, (value, key) => {
      const name = `params.${key}`;
      return this.known.get(name) ?? this.finish(name, value, 2);
    });
  }

  sweep(map: LocatedMap): LocatedMap {
    return applySweep(map, (value, left) => {
      this.left = left;
      const applied = this.apply(value, 3);
      this.left = new Set();
      return applied;
    });
  }

  everyStage(map: LocatedMap, known: InterpolatedStages): LocatedMap {
    return mapValues(map, (stage) => this.stage(stage, known));
  }

  private stage(stage: Located, known: InterpolatedStages): Located {
    const { values, characters, problems } = this;
    let applied: Located | undefined;
    const found = known.get(stage, this.params, () => {
      applied = this.apply(stage, 2);
      // A problem must be reported each time.
      return this.problems > problems
        ? undefined
        : { value: applied, values: this.values - values, characters: this.characters - characters };
    });
    if (applied !== undefined || found === undefined) return applied ?? stage;
    this.values += found.values;
    this.characters += found.characters;
    const isTooMuch = this.values > MAX_WEIGHT || this.characters > MAX_TEXT;
    return isTooMuch ? this.apply(stage, 2) : found.value;
  }

  /**
   * The value with parameters inserted; the same object if it names none.
   *
   * @param level of maps and lists around it
   */
  apply(value: Located, level: number): Located {
    switch (value.kind) {
      case 'scalar':
        return typeof value.value === 'string' && value.value.includes('${')
          ? this.text(value, value.value, level)
          : value;
      case 'list': {
        const items = value.items.map((item) => this.apply(item, level + 1));
        return items.every((item, index) => item === value.items[index]) ? value : { ...value, items };
      }
      case 'map':
        return mapValues(value, (inner) => this.apply(inner, level + 1));
    }
  }

  private text(scalar: LocatedScalar, text: string, level: number): Located {
    if (this.left.size > 0 && namesOfParameters(text).some((name) => this.left.has(name))) return scalar;
    const whole = WHOLE.exec(text);
    if (whole !== null) {
      const param = this.param(whole[1] ?? '', scalar);
      return param === undefined ? broken(scalar) : this.inPlace(param, scalar, level);
    }
    let result = '';
    let origin: Origin | undefined;
    let writtenIn: string | undefined;
    let end = 0;
    for (const match of text.matchAll(/\$\{([^{}]*)(\}?)/g)) {
      const [found, content = '', closing] = match;
      if (closing === '') {
        const meant = parameterMeant(text.slice(match.index), this.namesNearby());
        const message =
          meant === undefined ? 'a `${` is not closed by a `}`' : '`${}` takes one pair of braces';
        this.bad(scalar, message, meant?.replace(/^params\./, ''));
        return broken(scalar);
      }
      const param = this.param(content, scalar);
      if (param === undefined || isBroken(param.value)) return broken(scalar);
      const { value } = param;
      if (value.kind !== 'scalar') {
        const hint = 'use a number or a string, or make `${…}` the whole value';
        const message = `${backticked(content)} is a ${value.kind}, which cannot be inserted into a string`;
        this.report(errorAt(scalar.range, 'bad-interpolation', message, { hint, related: [param.origin] }));
        return broken(scalar);
      }
      const written = String(value.value);
      this.characters += written.length;
      if (this.characters > MAX_TEXT) return this.tooLarge(scalar);
      result += text.slice(end, match.index) + written;
      end = match.index + found.length;
      origin ??= param.origin;
      // A path is relative to the file in which it begins.
      if (match.index === 0) writtenIn = sourceOf(value);
    }
    return {
      ...scalar,
      value: result + text.slice(end),
      ...(origin === undefined ? {} : { origin }),
      ...(writtenIn === undefined ? {} : { writtenIn }),
    };
  }

  /** The parameter's value at the text that names it. */
  private inPlace({ value, origin }: Param, scalar: LocatedScalar, level: number): Located {
    if (isBroken(value)) return broken(scalar);
    this.values += weightOf(value);
    if (this.values > MAX_WEIGHT) return this.tooLarge(scalar);
    if (level + depthOf(value) > MAX_DEPTH) {
      this.bad(scalar, `maps and lists are nested more than ${MAX_DEPTH} levels deep`);
      return broken(scalar);
    }
    if (value.kind !== 'scalar') return { ...value, range: scalar.range, origin };
    const { removes: _removes, ...plain } = value;
    return { ...plain, range: scalar.range, origin, writtenIn: sourceOf(value) };
  }

  /** The value of the text between `${` and `}`, with parameters inserted; undefined, and reported, if there is none. */
  private param(content: string, scalar: LocatedScalar): Param | undefined {
    if (!NAME.test(content)) {
      const message = `\`\${}\` takes \`params.\` and a name, not ${backticked(content)}`;
      this.misread(scalar, message, `{${content}}`, content);
      return undefined;
    }
    const [, first = '', ...rest] = segmentsOf(content).map(({ name }) => name);
    const entry = this.params.get(first);
    if (entry === undefined) {
      const names = this.namesNearby();
      const hint =
        didYouMean(first, names) ??
        (this.params.size === 0 ? `write \`params: { ${first}: … }\` at the top` : undefined);
      const near = suggest(first, names);
      const edits = near === undefined ? undefined : wholeEdit(scalar, [`params.${near}`, ...rest].join('.'));
      const message = `there is no parameter ${backticked(first)}`;
      this.report(errorAt(scalar.range, 'unknown-param', message, { hint, edits }));
      return undefined;
    }
    let name = `params.${first}`;
    let { value } = entry;
    for (const segment of rest) {
      // If the value comes from another parameter, its contents are known only here.
      if (value.kind === 'scalar') value = this.finished(name, value, scalar);
      if (isBroken(value)) return undefined;
      const inner = value.kind === 'map' ? value.entries.get(segment)?.value : itemOf(value, segment);
      if (inner === undefined) {
        this.missing(name, value, segment, scalar);
        return undefined;
      }
      name += `.${segment}`;
      value = inner;
    }
    const origin = { message: `${backticked(name)} is set here`, range: value.range };
    return { value: this.finished(name, value, scalar), origin };
  }

  private missing(name: string, value: Located, segment: string, scalar: LocatedScalar): void {
    const keys = value.kind === 'map' ? [...value.entries.keys()] : [];
    const what =
      value.kind === 'scalar'
        ? describe(value.value)
        : value.kind === 'list'
          ? `a list of ${value.items.length} ${value.items.length === 1 ? 'item' : 'items'}, counted from 0`
          : 'a map';
    const related = [{ message: `${backticked(name)} is set here`, range: value.range }];
    const hint =
      value.kind === 'scalar'
        ? `did you mean \`\${${name}}\`?`
        : (didYouMean(segment, keys) ??
          (keys.length === 0 ? undefined : `it has ${keys.slice(0, 8).map(backticked).join(', ')}`));
    const message = `${backticked(name)} is ${what}: it has no ${backticked(segment)}`;
    const near = value.kind === 'scalar' ? undefined : suggest(segment, keys);
    const meant = value.kind === 'scalar' ? name : near === undefined ? undefined : `${name}.${near}`;
    const edits = meant === undefined ? undefined : wholeEdit(scalar, meant);
    this.report(errorAt(scalar.range, 'unknown-param', message, { hint, edits, related }));
  }

  private finished(name: string, value: Located, by: LocatedScalar): Located {
    return this.known.get(name) ?? this.finish(name, value, name.split('.').length, by);
  }

  /** Inserts parameters into a parameter. */
  private finish(name: string, value: Located, level: number, by?: LocatedScalar): Located {
    const start = this.open.findIndex((open) => open.name === name);
    if (start >= 0) {
      this.cycle(this.open.slice(start), by);
      return { kind: 'scalar', value: null, range: value.range, broken: true };
    }
    if (this.open.length >= MAX_DEPTH && by !== undefined) {
      this.bad(by, `parameters refer to each other more than ${MAX_DEPTH} levels deep`);
      return broken(by);
    }
    this.open.push({ name, by });
    const finished = this.apply(value, level);
    this.open.pop();
    const result = this.known.get(name) ?? finished;
    this.known.set(name, result);
    return result;
  }

  private cycle(members: readonly Open[], closing: LocatedScalar | undefined): void {
    const names = members.map(({ name }) => name);
    const links = members.flatMap(({ name }, index) => {
      const next = members[index + 1];
      const by = next === undefined ? closing : next.by;
      const message = `${backticked(name)} refers to ${backticked(next?.name ?? names[0] ?? '')}`;
      return by === undefined ? [] : [{ message, range: by.range }];
    });
    const [first, ...related] = links;
    if (first === undefined) return;
    const circle = joinArrows([...names, ...names.slice(0, 1)]);
    this.report(
      errorAt(first.range, 'param-cycle', `parameters refer to each other in a circle: ${circle}`, {
        hint: 'give one of them a plain value',
        related,
      }),
    );
    // Nothing more is reported about values that use them.
    for (const { name } of members) {
      this.known.set(name, { kind: 'scalar', value: null, range: first.range, broken: true });
    }
  }

  /** Parameters that a mistake may mean; none if there are many mistakes. */
  private namesNearby(): readonly string[] {
    return this.problems < MOST_SUGGESTED ? [...this.params.keys()] : [];
  }

  /** The result of `params.n * 2`, if it is plain arithmetic. */
  private calculated(content: string): string | undefined {
    if (content.length > LONGEST_TEXT || !/[*/+-]/.test(content)) return undefined;
    const text = content.replace(/\b(?:params\.)?([A-Za-z_]\w*)\b/g, (word, name: string) => {
      const value = this.params.get(name)?.value;
      return value?.kind === 'scalar' && typeof value.value === 'number' ? String(value.value) : word;
    });
    const python = readPython(text);
    return python?.kind === 'value' && typeof python.value === 'number' ? String(python.value) : undefined;
  }

  /** Reports a text that is not a parameter, with its likely meaning: another parameter, a stage, or a number. */
  private misread(scalar: LocatedScalar, message: string, written: string, content: string): void {
    const named = content.replace(/^params\./, '');
    const near =
      (this.params.has(named) ? plainParameter(named) : undefined) ??
      parameterMeant(written, this.namesNearby())?.replace(/^params\./, '');
    const result = near === undefined ? this.calculated(content) : undefined;
    const meant = near === undefined ? (result ?? stageMeant(written, this.stages)) : undefined;
    if (meant === undefined) {
      this.bad(scalar, message, near, content);
      return;
    }
    const hint = `write \`${meant}\`: ${result === undefined ? 'a stage is named without `${}`' : '`${}` does not calculate'}`;
    const edits = wholeEdit(scalar, meant, false);
    this.report(errorAt(scalar.range, 'bad-interpolation', message, { hint, edits }));
  }

  private bad(scalar: LocatedScalar, message: string, near?: string, content = ''): void {
    const hint = /^(?:oc\.)?env[.:]/.test(content)
      ? 'environment variables are not read: write a parameter, and set it with `-S params.NAME=…`'
      : near === undefined
        ? 'for example `${params.latent_size}`'
        : `did you mean \`\${params.${near}}\`?`;
    const edits = near === undefined ? undefined : wholeEdit(scalar, `params.${near}`);
    this.report(errorAt(scalar.range, 'bad-interpolation', message, { hint, edits }));
  }

  private tooLarge(scalar: LocatedScalar): LocatedScalar {
    const message = 'the parameters of this pipeline are too large together';
    if (!this.full) this.report(errorAt(scalar.range, 'bad-interpolation', message));
    this.full = true;
    return broken(scalar);
  }
}

/** Replaces a name that is the whole text. */
function wholeEdit(
  { value, range }: LocatedScalar,
  name: string,
  isParameter = true,
): readonly TextEdit[] | undefined {
  const isWhole =
    typeof value === 'string' && /^\$\{+[^{}]*\}+$/.test(value) && range.start.line === range.end.line;
  return isWhole ? [{ range, text: isParameter ? `"\${${name}}"` : name }] : undefined;
}

interface Param {
  readonly value: Located;
  readonly origin: Origin;
}

function itemOf(value: Located, segment: string): Located | undefined {
  return value.kind === 'list' && /^\d+$/.test(segment) ? value.items[Number(segment)] : undefined;
}

function isBroken(value: Located): boolean {
  return value.kind === 'scalar' && value.broken === true;
}

function broken({ range }: LocatedScalar): LocatedScalar {
  return { kind: 'scalar', value: null, range, broken: true };
}
