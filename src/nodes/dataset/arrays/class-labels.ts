/** Class names as labels -> numbers. */
import { SPLITS } from '../../../formats/images.ts';
import type { Split } from '../../../core/stage-type.ts';
import { classOrder } from '../names.ts';
import type { RawArray, RawSplit, RawSplits } from '../raw.ts';
import { refuse } from '../shapes.ts';

/** A split whose labels may be class names, one per image. */
export type NamedSplit = Omit<RawSplit, 'labels' | 'classes'> & {
  readonly labels?: RawArray<Uint8Array | Int32Array | readonly string[]>;
};

/**
 * Numbers classes from 0 in the order of their names, the same in both splits.
 *
 * @throws Failure `data-corrupt` if one split has names and the other numbers, or if a name is empty
 */
export function numberClasses(splits: Readonly<Partial<Record<Split, NamedSplit>>>): RawSplits {
  const arrays = SPLITS.flatMap((split) => splits[split]?.labels ?? []);
  const classes = classOrder(arrays.flatMap(({ data }) => (isNumbers(data) ? [] : data)));
  const numbered = arrays.find(({ data }) => isNumbers(data));
  const named = arrays.find(({ data }) => !isNumbers(data));
  if (numbered !== undefined && named !== undefined) {
    const what = `holds class names, but ${numbered.name} holds numbers`;
    throw refuse(named, what, 'give both the same kind of labels');
  }
  const unnamed = arrays.find(({ data }) => !isNumbers(data) && data.includes(''));
  if (unnamed !== undefined) {
    const image = isNumbers(unnamed.data) ? -1 : unnamed.data.indexOf('');
    const setting = unnamed.at ?? 'label';
    throw refuse(
      unnamed,
      `has an empty label, for image ${image} (counted from 0)`,
      `give each image a label, or look at \`${setting}\``,
    );
  }
  const numbers = new Map(classes.map((name, label) => [name, label]));
  const numberLabels = ({ labels, ...split }: NamedSplit): RawSplit => {
    if (labels === undefined) return split;
    const { data, ...array } = labels;
    if (isNumbers(data)) return { ...split, labels: { ...array, data } };
    return {
      ...split,
      labels: { ...array, data: Int32Array.from(data, (name) => numbers.get(name) ?? 0) },
      classes,
    };
  };
  return Object.fromEntries(
    SPLITS.flatMap((split) => {
      const own = splits[split];
      return own === undefined ? [] : [[split, numberLabels(own)]];
    }),
  );
}

function isNumbers(data: Uint8Array | Int32Array | readonly string[]): data is Uint8Array | Int32Array {
  return ArrayBuffer.isView(data);
}
