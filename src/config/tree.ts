/** From the YAML library's nodes to a located tree. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Scalar as ScalarNode,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { Failure, type SourceRange } from '../core/diagnostic.ts';
import { bareText, countPieces, joinedText, MOST_PIECES } from './advice/pieces.ts';
import { declaredName } from './advice/parameters.ts';
import { errorAt, type Notes, type ReportDiagnostic } from './diagnostics/report.ts';
import { backticked, quoted } from './diagnostics/wording.ts';
import { overValue, type Located, type LocatedEntry, type LocatedScalar, type Scalar } from './located.ts';

/** The largest float32. */
export const LARGEST_NUMBER = (2 - 2 ** -23) * 2 ** 127;

/** Levels of nested maps and lists. A pipeline has about six. */
export const MAX_DEPTH = 64;

/**
 * The most values in a document, with aliases followed; texts count one more for each 16 characters. A large pipeline has a
 * few thousand. Normal aliases have no other limit; this one stops an alias bomb ("billion laughs").
 */
export const MAX_WEIGHT = 100_000;

/** Keys with a meaning for JavaScript's objects. The language does not use them, and a tree never contains them. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Explains why a name cannot be a key, a stage or a parameter. */
export function reservedMessage(name: string): string {
  return `${backticked(name)} cannot be a name: it has a special meaning in JavaScript, which Hourglass runs on`;
}

export type RangeOf = (start: number, end: number) => SourceRange;

export function refusal(range: SourceRange, message: string, notes: Notes = {}): Failure {
  return new Failure(errorAt(range, 'yaml-syntax', message, notes));
}

export function tooDeep(range: SourceRange): Failure {
  return refusal(range, `maps and lists are nested more than ${MAX_DEPTH} levels deep`);
}

/** A finished part of the tree. */
interface Part {
  readonly value: Located;
  /** Counted as for `MAX_WEIGHT`, with aliases followed. */
  readonly weight: number;
  /** Levels inside it: 0 for a scalar. */
  readonly depth: number;
}

/** Reads the library's nodes into a tree. Aliases share their target, so an alias bomb needs no memory. */
export class TreeReader {
  private readonly text: string;
  private readonly report: ReportDiagnostic;
  private readonly rangeOf: RangeOf;
  /** The latest part for each anchor; `open` while it is being read. */
  private readonly anchors = new Map<string, Part | 'open'>();
  private weight = 0;

  constructor(text: string, report: ReportDiagnostic, rangeOf: RangeOf) {
    this.text = text;
    this.report = report;
    this.rangeOf = rangeOf;
  }

  /**
   * @param node null if a flow map has a key without a value
   * @param level the number of enclosing maps and lists
   * @param place the place of an empty value, which has none itself
   * @param parent the key before it
   */
  read(node: Node | null, level: number, place?: SourceRange, parent?: string): Part {
    if (node === null) {
      const part = this.scalar(null, place ?? this.rangeOf(0, 0));
      return { ...part, value: { ...part.value, unwritten: true } };
    }
    const range = this.nodeRange(node);
    if (isAlias(node)) return this.alias(node, level, range);
    if (node.tag !== undefined) {
      const at = this.tagRange(node);
      const edits = at === undefined ? undefined : [{ range: at, text: '' }];
      this.problem(range, 'a tag (`!…`) has no meaning in a pipeline', { hint: 'remove it', edits });
    }
    const { anchor } = node;
    if (anchor !== undefined) this.anchors.set(anchor, 'open');
    if (!isScalar(node) && level >= MAX_DEPTH) throw tooDeep(range);
    const part = isMap(node)
      ? (this.template(node, range) ?? this.bareMap(node, range, parent) ?? this.map(node, level, range))
      : isSeq(node)
        ? this.list(node, level, range)
        : this.scalarNode(node, range, place);
    if (anchor !== undefined) this.anchors.set(anchor, part);
    return part;
  }

  private scalarNode(node: ScalarNode, range: SourceRange, place: SourceRange | undefined): Part {
    const { value } = node;
    const empty = isUnwritten(node);
    const at = empty && place !== undefined ? place : range;
    if (typeof value === 'number' && !(Math.abs(value) <= LARGEST_NUMBER)) {
      const problem = Number.isFinite(value)
        ? 'is too large: the engine computes with float32'
        : 'is not a finite number';
      this.report(errorAt(at, 'out-of-range', `${backticked(node.source ?? '')} ${problem}`));
      return this.scalar(null, at, { broken: true });
    }
    if (!isPlain(value)) return this.scalar(null, at, { broken: true });
    const { source } = node;
    const isOwn = typeof value === 'number' && source !== undefined && source !== String(value);
    return this.scalar(value, at, { ...(empty ? { unwritten: true } : {}), ...(isOwn ? { source } : {}) });
  }

  private list({ items, flow }: YAMLSeq, level: number, range: SourceRange): Part {
    const nodes = items.map(asNode);
    const parts: Part[] = [];
    for (let index = 0; index < nodes.length; index += 1) {
      const count = flow === true ? this.cut(nodes.slice(index, index + MOST_PIECES), true) : 1;
      parts.push(
        count === 1
          ? this.read(nodes[index] ?? null, level + 1)
          : this.joined(nodes[index], nodes[index + count - 1]),
      );
      index += count - 1;
    }
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
    for (let index = 0; index < node.items.length; index += 1) {
      const pair = node.items[index];
      if (pair === undefined) continue;
      const keyNode = asNode(pair.key);
      const keyRange = keyNode === null ? range : this.nodeRange(keyNode);
      const pieces = node.flow === true ? this.piecesFrom(node, index) : [];
      const count = this.cut(pieces, false);
      const parent = isScalar(keyNode) ? String(keyNode.value) : undefined;
      const part =
        count === 1
          ? this.read(asNode(pair.value), level + 1, keyRange, parent)
          : this.joined(pieces[0], pieces[count - 1]);
      index += count - 1;
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
        const hint = 'keep one of the two, or give one another name; in a list, each begins with `- `';
        this.report(
          errorAt(keyRange, 'duplicate-key', `${backticked(key)} occurs twice in this map`, {
            hint,
            related,
          }),
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

  /** `{ 32 }`: a number instead of a key. */
  private bareMap(node: YAMLMap, range: SourceRange, parent: string | undefined): Part | undefined {
    const keys = node.items.map(({ key, value }) => (value === null ? asNode(key) : null));
    const numbers = keys.flatMap((key) =>
      isScalar(key) && typeof key.value === 'number' ? [key.source ?? ''] : [],
    );
    if (node.flow !== true || numbers.length === 0 || numbers.length < keys.length) return undefined;
    const written = numbers.join(', ');
    const text = numbers.length > 1 ? `[${written}]` : bareText(parent, written);
    this.problem(range, `${backticked(`{ ${written} }`)} contains a value without a key`, {
      hint: `write \`${text}\``,
      edits: [{ range, text }],
    });
    return this.scalar(null, range, { broken: true });
  }

  /** The value of an entry, and the keys after it that have no value. */
  private piecesFrom(node: YAMLMap, index: number): readonly (Node | null)[] {
    const pieces = [asNode(node.items[index]?.value)];
    for (const pair of node.items.slice(index + 1, index + MOST_PIECES)) {
      if (pair.value !== null) break;
      pieces.push(asNode(pair.key));
    }
    return pieces;
  }

  /** The number of these nodes that are pieces of one value. */
  private cut(nodes: readonly (Node | null)[], isList: boolean): number {
    const pieces = [];
    for (const node of nodes) {
      if (!isScalar(node) || node.type !== 'PLAIN' || node.range == null) break;
      pieces.push({ start: node.range[0], end: node.range[1] });
    }
    return countPieces(this.text, pieces, isList);
  }

  private joined(first: Node | null | undefined, last: Node | null | undefined): Part {
    const [start, end] = [first?.range?.[0] ?? 0, last?.range?.[1] ?? 0];
    const range = this.rangeOf(start, end);
    const written = this.text.slice(start, end);
    const text = joinedText(written);
    this.problem(range, `the commas cut ${backticked(written)} in pieces here`, {
      hint: `write \`${text}\``,
      edits: [{ range, text }],
    });
    return this.scalar(null, range, { broken: true });
  }

  /** A key as text; undefined, and reported, if it is not valid. */
  private key(node: Node | null, range: SourceRange): string | undefined {
    if (!isScalar(node)) {
      this.problem(
        range,
        'a key must be a string',
        isAlias(node) ? { hint: 'an alias cannot be a key' } : {},
      );
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
          : `the key ${backticked(written)} is not a string`,
        written === ''
          ? {}
          : {
              hint: `put it in quotation marks: \`${quoted(written)}\``,
              edits: [{ range, text: quoted(written) }],
            },
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
          ? `${name} is used inside its own anchor`
          : `nothing before ${name} is named ${anchor}`,
        target === undefined ? this.namedOtherwise(range, node.source) : {},
      );
      return this.scalar(null, range, { broken: true });
    }
    if (level + target.depth > MAX_DEPTH) throw tooDeep(range);
    this.spend(target.weight, range);
    const origin = { message: `${backticked(`&${node.source}`)} is written here`, range: target.value.range };
    return { ...target, value: { ...target.value, range, origin } };
  }

  /** `*x`, if a parameter or a stage has this name. */
  private namedOtherwise(range: SourceRange, name: string): Notes {
    const meant = declaredName(this.text, `*${name}`);
    return meant === undefined
      ? {
          hint: `a string that begins with \`*\` needs quotation marks: \`"*${name}"\``,
          edits: [{ range, text: JSON.stringify(`*${name}`) }],
        }
      : { hint: `write \`${meant}\``, edits: [{ range, text: meant }] };
  }

  /** `{{ latent_size }}`: a parameter in the notation of templates. */
  private template(node: YAMLMap, range: SourceRange): Part | undefined {
    const [only, ...others] = node.items;
    if (node.flow !== true || others.length > 0 || !isMap(only?.key) || only.value !== null) return undefined;
    const [start, end] = node.range ?? [0, 0];
    const written = this.text.slice(start, end).trim();
    const meant = declaredName(this.text, written);
    const at = this.rangeOf(start, start + written.length);
    this.problem(
      at,
      `${backticked(written)} is not a parameter; a parameter is written \`"\${params.NAME}"\``,
      meant === undefined ? {} : { hint: `write \`${meant}\``, edits: [{ range: at, text: meant }] },
    );
    return this.scalar(null, range, { broken: true });
  }

  private scalar(
    value: Scalar,
    range: SourceRange,
    more: Pick<LocatedScalar, 'broken' | 'source' | 'unwritten'> = {},
  ): Part & { readonly value: LocatedScalar } {
    const weight = 1 + (typeof value === 'string' ? value.length >> 4 : 0);
    this.spend(weight, range);
    return { value: { kind: 'scalar', value, range, ...more }, weight, depth: 0 };
  }

  private spend(weight: number, range: SourceRange): void {
    this.weight += weight;
    if (this.weight > MAX_WEIGHT) {
      throw refusal(
        range,
        `the pipeline contains more than ${MAX_WEIGHT} values, including those of aliases`,
      );
    }
  }

  /** The tag before a node, and the space after it. */
  private tagRange(node: Node): SourceRange | undefined {
    const [start] = node.range ?? [0];
    const tag = /![^\s,[\]{}]*\s+$/.exec(this.text.slice(Math.max(0, start - 100), start))?.[0];
    return tag === undefined ? undefined : this.rangeOf(start - tag.length, start);
  }

  private problem(range: SourceRange, message: string, notes: Notes = {}): void {
    this.report(errorAt(range, 'yaml-syntax', message, notes));
  }

  private nodeRange(node: Node): SourceRange {
    const [start, end] = node.range ?? [0, 0];
    return this.rangeOf(start, end);
  }
}

/** A block collection's range includes the blank lines after it; this one ends with its last part. */
function spanning(range: SourceRange, last: Part | undefined): SourceRange {
  const end = last?.value.range.end;
  // A flow collection ends after its last part, with a bracket.
  const block = range.end.column === 1 && range.end.line > range.start.line;
  return block && end !== undefined ? { ...range, end } : range;
}

type Node = Alias | ScalarNode | YAMLMap | YAMLSeq;

/** The library types the members of collections as unknown; parsed collections contain nodes, or null for nothing. */
function asNode(member: unknown): Node | null {
  return isAlias(member) || isScalar(member) || isMap(member) || isSeq(member) ? member : null;
}

function isPlain(value: unknown): value is Scalar {
  return value === null || ['boolean', 'number', 'string'].includes(typeof value);
}

/** True for the missing value of a key or an item; `""` is not missing. */
export function isUnwritten(node: ScalarNode): boolean {
  return node.source === '' && node.type === 'PLAIN';
}
