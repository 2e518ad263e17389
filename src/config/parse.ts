/** From text to a located tree: YAML 1.2 with its core schema, less what pipelines have no use for. */
import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  type Alias,
  type Document,
  type Scalar as ScalarNode,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { Failure, type SourceFile, type SourceRange } from '../core/diagnostic.ts';
import { overValue, type Located, type LocatedEntry, type LocatedScalar, type Scalar } from './located.ts';
import { errorAt, type Notes, type ReportDiagnostic } from './diagnostics/report.ts';
import { lineStarts, positionAt } from './source.ts';
import { syntaxProblem } from './diagnostics/syntax.ts';
import { backticked, quoted } from './diagnostics/wording.ts';

/** Levels of maps and lists in one another. A pipeline has about six. */
export const MAX_DEPTH = 64;

/**
 * Values in a document after aliases are followed; texts count one more for each 16 characters. A large pipeline has
 * some thousands. Honest aliases are free of other limits, and a bomb of them ends here.
 */
export const MAX_WEIGHT = 100_000;

/** Keys that mean something to JavaScript's objects. The language has none of them; they never get into a tree. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Why a name cannot be a key, a stage or a parameter. */
export function reservedMessage(name: string): string {
  return `${backticked(name)} cannot be a name: it has a meaning of its own in JavaScript, which Hourglass runs on`;
}

/**
 * Parses a text as one YAML document. Refused, besides what is not YAML 1.2: several documents, tags, keys that are not
 * text, numbers that are not finite, more depth or size than the limits above. Merge keys (`<<`) work as in YAML 1.1.
 *
 * @param from offset at which the YAML begins; ranges count from the beginning of the text all the same
 * @returns the tree; `empty` where there is none; undefined where the text cannot be made out. What is wrong is reported.
 */
export function parseSource(
  source: SourceFile,
  report: ReportDiagnostic,
  from = 0,
): Located | 'empty' | undefined {
  const text = ' '.repeat(from) + source.text.slice(from).replace(/\r(?!\n)/g, '\n');
  const starts = lineStarts(text);
  const rangeOf = (start: number, end: number): SourceRange => ({
    file: source.name,
    start: positionAt(starts, Math.min(start, text.length)),
    end: positionAt(starts, Math.min(Math.max(end, start), text.length)),
  });
  try {
    const document = compose(text, rangeOf);
    const problem = syntaxProblem(text, document);
    if (problem !== undefined) {
      report(errorAt(rangeOf(problem.start, problem.end), 'yaml-syntax', problem.message, problem));
      return undefined;
    }
    const { contents } = document;
    // With comments only, or `---` only, a document has an empty scalar without a source.
    if (contents === null || (isScalar(contents) && isUnwritten(contents))) return 'empty';
    return new TreeReader(report, rangeOf).read(contents, 0).value;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    error.diagnostics.forEach(report);
    return undefined;
  }
}

type RangeOf = (start: number, end: number) => SourceRange;

/** @throws Failure for what the YAML library takes but pipelines do not */
function compose(text: string, rangeOf: RangeOf): Document.Parsed {
  const control = /(?![\t\n\r\u0085])\p{Cc}/u.exec(text);
  if (control !== null) {
    const name = `U+${control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    throw refusal(rangeOf(control.index, control.index + 1), `the text holds a control character, ${name}`, {
      hint: 'remove it; inside double quotation marks it can be written as an escape',
    });
  }
  // The library composes a tree by recursion, so the depth is bounded before, on the parser's own stack.
  const parser = new Parser();
  const tokens = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > MAX_DEPTH + 2) throw tooDeep(rangeOf(parser.offset, parser.offset + 1));
  }
  tokens.push(...parser.end());
  const options = {
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  } as const;
  const [first, second] = new Composer(options).compose(tokens, true, text.length);
  if (first === undefined) throw new Error('the composer gave no document');
  if (second !== undefined && first.errors.length === 0) {
    const [start, end] = second.range;
    throw refusal(
      rangeOf(start, Math.min(end, start + 3)),
      'a second document begins here; a pipeline is one',
      {
        hint: 'remove the `---` line and what follows it, or put it into a file of its own',
      },
    );
  }
  const { yaml } = first.directives;
  if (yaml.explicit === true && yaml.version !== '1.2') {
    const start = text.indexOf('%YAML');
    throw refusal(rangeOf(start, start + '%YAML 1.1'.length), 'pipelines are YAML 1.2', {
      hint: 'remove this line',
    });
  }
  return first;
}

function refusal(range: SourceRange, message: string, notes: Notes = {}): Failure {
  return new Failure(errorAt(range, 'yaml-syntax', message, notes));
}

function tooDeep(range: SourceRange): Failure {
  return refusal(range, `maps and lists are nested more than ${MAX_DEPTH} levels deep`);
}

/** A finished part of the tree. */
interface Part {
  readonly value: Located;
  /** As `MAX_WEIGHT` counts, with aliases followed. */
  readonly weight: number;
  /** Levels in it: 0 for a scalar. */
  readonly depth: number;
}

/** Reads the library's nodes into a tree. Aliases share what they stand for, so that a bomb costs no memory. */
class TreeReader {
  private readonly report: ReportDiagnostic;
  private readonly rangeOf: RangeOf;
  /** The latest part of each anchor's name; `open` while it is being read. */
  private readonly anchors = new Map<string, Part | 'open'>();
  private weight = 0;

  constructor(report: ReportDiagnostic, rangeOf: RangeOf) {
    this.report = report;
    this.rangeOf = rangeOf;
  }

  /**
   * @param node null where a flow map has a key without a value
   * @param level of maps and lists around it
   * @param place for an empty value, which has no place of its own
   */
  read(node: Node | null, level: number, place?: SourceRange): Part {
    if (node === null) {
      const part = this.scalar(null, place ?? this.rangeOf(0, 0));
      return { ...part, value: { ...part.value, unwritten: true } };
    }
    const range = this.nodeRange(node);
    if (isAlias(node)) return this.alias(node, level, range);
    if (node.tag !== undefined) {
      this.problem(range, 'a tag (`!…`) has no meaning in a pipeline', { hint: 'remove it' });
    }
    const { anchor } = node;
    if (anchor !== undefined) this.anchors.set(anchor, 'open');
    if (!isScalar(node) && level >= MAX_DEPTH) throw tooDeep(range);
    const part = isMap(node)
      ? this.map(node, level, range)
      : isSeq(node)
        ? this.list(node.items, level, range)
        : this.scalarNode(node, range, place);
    if (anchor !== undefined) this.anchors.set(anchor, part);
    return part;
  }

  private scalarNode(node: ScalarNode, range: SourceRange, place: SourceRange | undefined): Part {
    const { value } = node;
    const empty = isUnwritten(node);
    const at = empty && place !== undefined ? place : range;
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.report(errorAt(at, 'out-of-range', `${backticked(node.source ?? '')} is not a finite number`));
      return this.scalar(null, at, { broken: true });
    }
    if (!isPlain(value)) return this.scalar(null, at, { broken: true });
    const { source } = node;
    const isOwn = typeof value === 'number' && source !== undefined && source !== String(value);
    return this.scalar(value, at, { ...(empty ? { unwritten: true } : {}), ...(isOwn ? { source } : {}) });
  }

  private list(nodes: readonly unknown[], level: number, range: SourceRange): Part {
    const parts = nodes.map((item) => this.read(asNode(item), level + 1));
    this.spend(1, range);
    return {
      value: { kind: 'list', items: parts.map((part) => part.value), range: spanning(range, parts.at(-1)) },
      weight: parts.reduce((sum, part) => sum + part.weight, 1),
      depth: parts.reduce((deepest, part) => Math.max(deepest, part.depth + 1), 1),
    };
  }

  private map(node: YAMLMap, level: number, range: SourceRange): Part {
    const own = new Map<string, { keyRange: SourceRange; part: Part }>();
    const merged = new Map<string, LocatedEntry>();
    let weight = 1;
    let depth = 1;
    for (const pair of node.items) {
      const keyNode = asNode(pair.key);
      const keyRange = keyNode === null ? range : this.nodeRange(keyNode);
      const part = this.read(asNode(pair.value), level + 1, keyRange);
      depth = Math.max(depth, part.depth + 1);
      if (isScalar(keyNode) && keyNode.value === '<<' && keyNode.type === 'PLAIN') {
        weight += part.weight;
        this.merge(part.value, merged);
        continue;
      }
      const key = this.key(keyNode, keyRange);
      if (key === undefined) continue;
      const first = own.get(key);
      if (first === undefined) {
        own.set(key, { keyRange, part });
        weight += part.weight + (key.length >> 4);
        this.spend(key.length >> 4, keyRange);
      } else {
        const related = [{ message: 'first written here', range: first.keyRange }];
        this.report(
          errorAt(keyRange, 'duplicate-key', `${backticked(key)} stands twice in this map`, { related }),
        );
      }
    }
    this.spend(1, range);
    const entries = merged;
    for (const [key, { keyRange, part }] of own) {
      entries.set(key, { keyRange, value: overValue(entries.get(key)?.value, part.value) });
    }
    return {
      value: { kind: 'map', entries, range: spanning(range, [...own.values()].at(-1)?.part) },
      weight,
      depth,
    };
  }

  /** A key as text; undefined, and reported, where it cannot be one. */
  private key(node: Node | null, range: SourceRange): string | undefined {
    if (!isScalar(node)) {
      this.problem(range, 'a key must be a text', isAlias(node) ? { hint: 'an alias cannot be a key' } : {});
      return undefined;
    }
    if (node.tag !== undefined)
      this.problem(range, 'a tag (`!…`) has no meaning in a pipeline', { hint: 'remove it' });
    if (node.anchor !== undefined) this.anchors.set(node.anchor, this.scalar(null, range, { broken: true }));
    if (typeof node.value !== 'string') {
      const written = node.source ?? '';
      this.problem(
        range,
        written === ''
          ? 'the key before this `:` is missing'
          : `the key ${backticked(written)} is not a text`,
        written === '' ? {} : { hint: `put it in quotation marks: \`${quoted(written)}\`` },
      );
      return undefined;
    }
    if (FORBIDDEN_KEYS.has(node.value)) {
      const hint = 'choose another name';
      this.report(errorAt(range, 'reserved-name', reservedMessage(node.value), { hint }));
      return undefined;
    }
    return node.value;
  }

  private merge(value: Located, into: Map<string, LocatedEntry>): void {
    const maps = value.kind === 'list' ? value.items : [value];
    for (const map of maps) {
      if (map.kind === 'map') {
        this.spend(map.entries.size, value.range);
        for (const [key, entry] of map.entries) if (!into.has(key)) into.set(key, entry);
      } else if (map.kind !== 'scalar' || map.broken !== true) {
        this.problem(map.range, '`<<` takes a map, or a list of maps, to merge into this one');
      }
    }
  }

  private alias(node: Alias, level: number, range: SourceRange): Part {
    const target = this.anchors.get(node.source);
    if (target === undefined || target === 'open') {
      const name = backticked(`*${node.source}`);
      const anchor = backticked(`&${node.source}`);
      this.problem(
        range,
        target === 'open'
          ? `${name} stands inside what it stands for`
          : `nothing before ${name} is named ${anchor}`,
        target === undefined ? { hint: 'a text that begins with `*` needs quotation marks' } : {},
      );
      return this.scalar(null, range, { broken: true });
    }
    if (level + target.depth > MAX_DEPTH) throw tooDeep(range);
    this.spend(target.weight, range);
    const origin = { message: `${backticked(`&${node.source}`)} is written here`, range: target.value.range };
    return { ...target, value: { ...target.value, range, origin } };
  }

  private scalar(
    value: Scalar,
    range: SourceRange,
    more: Pick<LocatedScalar, 'broken' | 'source' | 'unwritten'> = {},
  ): Part {
    const weight = 1 + (typeof value === 'string' ? value.length >> 4 : 0);
    this.spend(weight, range);
    return { value: { kind: 'scalar', value, range, ...more }, weight, depth: 0 };
  }

  private spend(weight: number, range: SourceRange): void {
    this.weight += weight;
    if (this.weight > MAX_WEIGHT) {
      throw refusal(
        range,
        `the pipeline holds more than ${MAX_WEIGHT} values, counted with what aliases stand for`,
      );
    }
  }

  private problem(range: SourceRange, message: string, notes: Notes = {}): void {
    this.report(errorAt(range, 'yaml-syntax', message, notes));
  }

  private nodeRange(node: Node): SourceRange {
    const [start, end] = node.range ?? [0, 0];
    return this.rangeOf(start, end);
  }
}

/** A block collection's range goes on over the blank lines after it; what counts is where its last part ends. */
function spanning(range: SourceRange, last: Part | undefined): SourceRange {
  const end = last?.value.range.end;
  // A flow collection ends on the line of its last part or after it, behind a bracket.
  const block = range.end.column === 1 && range.end.line > range.start.line;
  return block && end !== undefined ? { ...range, end } : range;
}

type Node = Alias | ScalarNode | YAMLMap | YAMLSeq;

/** The library types the members of collections as unknown; parsed ones hold nodes, or null for nothing. */
function asNode(member: unknown): Node | null {
  return isAlias(member) || isScalar(member) || isMap(member) || isSeq(member) ? member : null;
}

function isPlain(value: unknown): value is Scalar {
  return value === null || ['boolean', 'number', 'string'].includes(typeof value);
}

/** True for the value of a key or an item behind which nothing stands; `""` is written. */
function isUnwritten(node: ScalarNode): boolean {
  return node.source === '' && node.type === 'PLAIN';
}
