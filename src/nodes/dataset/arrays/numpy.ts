/** NumPy arrays as a split. */
import { namesOf } from '../../../formats/image-names.ts';
import { toLabels, toPixels, type NumpyArray } from '../../../formats/numpy.ts';
import { atSetting } from '../../../core/diagnostic.ts';
import { arraySource, type PixelKind } from '../raw.ts';
import type { NamedSplit } from './class-labels.ts';

export { listNpz, readNpz } from '../../../formats/npz.ts';
export { readNumpyFile } from '../../../formats/numpy.ts';

/** Where an array is. */
export interface NumpyPlace {
  /** A path, or the name in an archive. */
  readonly name: string;
  /** The setting at which is told what is wrong with it. */
  readonly at: string;
  /** @throws Failure `data-missing` or `data-corrupt` */
  read(): Promise<NumpyArray>;
}

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readNumpySplit(images: NumpyPlace, labels?: NumpyPlace): Promise<NamedSplit> {
  const pixels = await atSetting([images.at], images.read);
  const data = await atSetting([images.at], async () => toPixels(pixels));
  const raw = {
    images: {
      ...totalOf(pixels),
      ...{ shape: pixels.shape, data, kind: kindOf(pixels.type.name), dtype: pixels.type.name },
      ...{ name: `\`${images.name}\``, at: images.at, save: pixels.save },
    },
    names: namesOf(arraySource(data), pixels.shape[0] ?? 0),
  };
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

function totalOf({ total }: NumpyArray): Pick<NumpyArray, 'total'> {
  return total === undefined ? {} : { total };
}

function kindOf(type: string): PixelKind {
  if (type === 'bool' || type === 'uint8' || type === 'uint16') return type;
  return type.startsWith('float') ? 'float' : 'integer';
}
