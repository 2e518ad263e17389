/** NumPy arrays as a split. */
import { namesOf } from '../../../formats/image-names.ts';
import type { LargeArray } from '../../../formats/large-array.ts';
import { toLabels, toPixels, type NumpyArray } from '../../../formats/numpy.ts';
import { atSetting } from '../../../core/diagnostic.ts';
import { arraySource, type PixelKind } from '../raw.ts';
import type { NamedSplit } from './class-labels.ts';

export { listNpz, openNpz, readNpz } from '../../../formats/npz.ts';
export { openNumpyFile } from '../../../formats/large-array.ts';
export { readNumpyFile } from '../../../formats/numpy.ts';

/** Where an array is. */
export interface NumpyPlace {
  /** A path, or the name in an archive. */
  readonly name: string;
  /** The setting at which its errors are reported. */
  readonly at: string;
  /** @throws Failure `data-missing` or `data-corrupt` */
  read(): Promise<NumpyArray>;
  /**
   * Opens an array that is too large for memory; undefined for others.
   *
   * @throws as `read`
   */
  open?(): Promise<LargeArray | undefined>;
}

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readNumpySplit(images: NumpyPlace, labels?: NumpyPlace): Promise<NamedSplit> {
  const raw = (await openSplit(images)) ?? (await readHeld(images));
  if (labels === undefined) return raw;
  const array = await atSetting([labels.at], labels.read);
  const found = await atSetting([labels.at], async () => toLabels(array));
  const { save } = array;
  const values = found.texts ?? found.numbers;
  const name = `\`${labels.name}\``;
  return {
    ...raw,
    labels: { ...totalOf(array), shape: [values.length], data: values, name, at: labels.at, save },
  };
}

async function readHeld({ name, at, read }: NumpyPlace): Promise<NamedSplit> {
  const pixels = await atSetting([at], read);
  const data = await atSetting([at], async () => toPixels(pixels));
  return {
    images: {
      ...totalOf(pixels),
      ...{ shape: pixels.shape, data, kind: kindOf(pixels.type.name), dtype: pixels.type.name },
      ...{ name: `\`${name}\``, at, save: pixels.save },
    },
    names: namesOf(arraySource(data), pixels.shape[0] ?? 0),
  };
}

async function openSplit({ name, at, open }: NumpyPlace): Promise<NamedSplit | undefined> {
  const found = open === undefined ? undefined : await atSetting([at], open);
  if (found === undefined) return undefined;
  const { shape, pixels, wide, type, save, hash } = found;
  return {
    images: {
      ...totalOf(found),
      ...{ shape, data: pixels, wide, kind: kindOf(type.name), dtype: type.name },
      ...{ name: `\`${name}\``, at, save },
    },
    names: namesOf(`array/${hash}`, shape[0] ?? 0),
  };
}

function totalOf({ total }: Pick<NumpyArray, 'total'>): Pick<NumpyArray, 'total'> {
  return total === undefined ? {} : { total };
}

function kindOf(type: string): PixelKind {
  if (type === 'bool' || type === 'uint8' || type === 'uint16') return type;
  return type.startsWith('float') ? 'float' : 'integer';
}
