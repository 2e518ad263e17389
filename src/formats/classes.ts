/** Names of classes, by label, and how sets with labels share them. */
import { failure } from '../core/diagnostic.ts';
import type { Json } from '../core/json.ts';

/** Something with labels, such as images or vectors. */
export interface Labelled {
  /** Class labels, from 0. */
  readonly labels?: Uint8Array | Int32Array;
  readonly classes?: readonly string[];
}

/**
 * The names of the classes in all parts of a set; undefined unless all parts with labels have names.
 *
 * @throws Failure `stage-failed` if the names in two parts differ, or a label has no name
 */
export function sharedClasses(parts: readonly Labelled[]): readonly string[] | undefined {
  const lists = parts.flatMap(({ labels, classes }) => (labels === undefined ? [] : [classes]));
  const [first] = lists;
  if (first === undefined || lists.includes(undefined)) return undefined;
  if (!lists.every((list) => areEqual(list, first))) {
    throw failure(
      'stage-failed',
      'the classes of the training and the test images have different names',
      'let the code of the stage give both splits the same `classes`',
    );
  }
  const unnamed = parts
    .flatMap(({ labels }) => labels?.find((label) => label < 0 || label >= first.length) ?? [])
    .at(0);
  if (unnamed === undefined) return first;
  throw failure(
    'stage-failed',
    `an image has the label ${unnamed}, but there are ${first.length} classes`,
    'let the code of the stage name all classes, from label 0',
  );
}

/** All names, starting with those of the first list. */
export function joinClasses(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())];
}

/** The same labels as indices into `classes`, which must contain all their names. */
export function relabel<Part extends Labelled>(part: Part, classes: readonly string[]): Part {
  const { labels, classes: own } = part;
  if (labels === undefined || own === undefined) return part;
  if (areEqual(own, classes)) return { ...part, classes };
  const places = new Map(classes.map((name, place) => [name, place]));
  const numbers = own.map((name) => places.get(name) ?? 0);
  return { ...part, classes, labels: Int32Array.from(labels, (label) => numbers[label] ?? 0) };
}

function areEqual(one: readonly string[] | undefined, other: readonly string[]): boolean {
  return (
    one !== undefined && one.length === other.length && one.every((name, index) => name === other[index])
  );
}

export function isClasses(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
