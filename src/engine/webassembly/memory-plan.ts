/**
 * Where the values of a program are stored. A value has memory from the first call that writes it to the last one that reads it;
 * other values use the same place before and after (Y. Pisarchyk and J. Lee, "Efficient memory management for deep neural net
 * inference", 2020, "greedy by size"). A new value of a variable is written into the variable's own memory if nothing reads the
 * old one later.
 */
import type { Value } from '../program/program.ts';
import { bytesOf } from '../program/types.ts';
import type { KernelCall } from '../lowering/kernel-calls.ts';

/** Vectors of the kernels begin at any element; values begin at cache lines. */
const LINE = 64;

export interface Request {
  readonly calls: readonly KernelCall[];
  /** Values that exist before the first call, and stay: inputs and constants. */
  readonly given: readonly Value[];
  /** Values that are read after the last call. */
  readonly results: readonly Value[];
  /** Variables, and the values that must be in their memory after the last call. */
  readonly updates: readonly { readonly variable: Value; readonly value: Value }[];
  /** Each value has memory of its own, apart from others, so that tests see what is written beside it. */
  readonly isSpread: boolean;
}

export interface MemoryPlan {
  /** Offsets of all values except variables, and those that are written into variables. */
  readonly offsets: ReadonlyMap<Value, number>;
  readonly bytes: number;
  /** Values that are written into the memory of a variable. */
  readonly inPlace: ReadonlyMap<Value, Value>;
}

interface Interval {
  readonly value: Value;
  readonly size: number;
  readonly first: number;
  readonly last: number;
}

export function planMemory(request: Request): MemoryPlan {
  const inPlace = valuesInPlace(request);
  const intervals = intervalsOf(request).filter(({ value }) => !inPlace.has(value));
  const offsets = new Map<Value, number>();
  const placed: { readonly interval: Interval; readonly at: number }[] = [];
  let bytes = 0;
  for (const interval of intervals.toSorted((a, b) => b.size - a.size || a.first - b.first)) {
    const others = request.isSpread
      ? placed
      : placed.filter(({ interval: other }) => other.first <= interval.last && interval.first <= other.last);
    let at = 0;
    for (const other of others.toSorted((a, b) => a.at - b.at)) {
      if (at + interval.size <= other.at) break;
      at = Math.max(at, other.at + other.interval.size);
    }
    placed.push({ interval, at });
    offsets.set(interval.value, at);
    bytes = Math.max(bytes, at + interval.size);
  }
  return { offsets, bytes, inPlace };
}

function intervalsOf({ calls, given, results, isSpread }: Request): readonly Interval[] {
  const first = new Map<Value, number>(given.map((value) => [value, -1]));
  const last = new Map<Value, number>([...given, ...results].map((value) => [value, calls.length]));
  for (const [index, { reads, writes }] of calls.entries()) {
    for (const value of writes) if (!first.has(value)) first.set(value, index);
    for (const value of [...reads, ...writes]) last.set(value, Math.max(last.get(value) ?? 0, index));
  }
  return [...first].map(([value, begin]) => {
    const size = Math.max(LINE, Math.ceil(bytesOf(value.type) / LINE) * LINE);
    return { value, size: size + (isSpread ? LINE : 0), first: begin, last: last.get(value) ?? begin };
  });
}

/** Values that can be written where a variable is. */
function valuesInPlace({ calls, given, results, updates }: Request): ReadonlyMap<Value, Value> {
  const inPlace = new Map<Value, Value>();
  const fixed = new Set([...given, ...updates.map(({ variable }) => variable)]);
  for (const { variable, value } of updates) {
    const begin = calls.findIndex(({ writes }) => writes.includes(value));
    if (begin === -1 || fixed.has(value) || inPlace.has(value) || results.includes(variable)) continue;
    const isRead = calls.some(
      ({ reads, inPlaceOf }, index) =>
        reads.includes(variable) && (index > begin || (index === begin && !inPlaceOf.includes(variable))),
    );
    if (!isRead) inPlace.set(value, variable);
  }
  return inPlace;
}
