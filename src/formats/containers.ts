/**
 * Identifies a file by its first bytes: a format that a data source reads, or a container of another tool, with a line of Python
 * that converts it to an `.npz` archive.
 */
import { basename, join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { visibleNames } from '../files/nearby.ts';
import { openToRead } from '../files/open.ts';
import { convert, IMAGES_ALONE, pythonName, savez, type Container, type ContainerName } from './container.ts';
import { maskedCrc } from './crc32c.ts';
import { formatOf, HEAD_BYTES } from './image-format.ts';
import { isTarHeader } from './tar-header.ts';
import { identifyText } from './text-containers.ts';

/** Bytes of a file that are examined. Unpacked, they can be up to a thousand times as many. */
const START = 4096;

/** Bytes of the checksum and the length at the end of a gzipped file. */
const GZIP_END = 8;

/** Maximum files examined in a folder. */
const MOST_FILES = 20;

/** Maximum bytes in the header of a safetensors file. */
const LONGEST_SAFETENSORS_HEADER = 100_000_000;

/** Kinds of files that need not be unpacked first when gzipped: sources read them, or they are mistakes anyway. */
const GZIPPED: ReadonlySet<ContainerName> = new Set(['idx', 'table', 'tar', 'web-page', 'git-lfs']);

/**
 * Identifies a file, plain or gzipped.
 *
 * @returns undefined if the first bytes are not recognised, or the file cannot be read
 */
export async function identifyFile(path: string): Promise<Container | undefined> {
  const start = await readBytes(path, START);
  return start === undefined ? undefined : identifyStart(start, basename(path));
}

/**
 * The first bytes of a file, unpacked if it is gzipped.
 *
 * @param count maximum bytes read
 * @returns undefined if the file cannot be read
 */
export async function readStart(path: string, count = START): Promise<Buffer | undefined> {
  const start = await readBytes(path, count);
  return start !== undefined && isGzipped(start) ? unpack(start) : start;
}

async function readBytes(path: string, count: number): Promise<Buffer | undefined> {
  const file = await openToRead(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    if (!(await file.stat()).isFile()) return undefined;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

function isGzipped(start: Buffer): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

/** The first file of a wanted kind among the first few files in a folder. */
export async function identifyInside(
  folder: string,
  isWanted: (name: ContainerName) => boolean,
): Promise<{ readonly file: string; readonly container: Container } | undefined> {
  for (const file of (await visibleNames(folder, ['file'])).slice(0, MOST_FILES)) {
    const container = await identifyFile(join(folder, file));
    if (container !== undefined && isWanted(container.name)) return { file, container };
  }
  return undefined;
}

/**
 * Identifies a file by its first 4096 bytes, or all of them.
 *
 * @param fileName for hints; its extension shows what the bytes do not
 */
export function identifyStart(start: Buffer, fileName: string): Container | undefined {
  const name = pythonName(fileName);
  if (!isGzipped(start)) return identify(start, name);
  const inner = unpack(start)?.subarray(0, START);
  if (inner === undefined) return undefined;
  if (isPickle(inner)) return pickle(inner, name, 'gzip');
  const found = identify(inner, name.replace(/\.gz$/i, ''));
  if (found === undefined || GZIPPED.has(found.name)) return found;
  return { name: 'packed', what: `${found.what}, gzipped`, hint: `unpack it: \`gunzip ${name}\`` };
}

/** Unpacks the beginning of a gzipped file, without checking the checksum at its end. */
function unpack(start: Buffer): Buffer | undefined {
  for (const bytes of [start, start.subarray(0, -GZIP_END)]) {
    try {
      return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
    } catch {
      // It is damaged or not gzipped.
    }
  }
  return undefined;
}

function identify(bytes: Buffer, name: string): Container | undefined {
  const text = bytes.toString('latin1', 0, HEAD_BYTES);
  if (text.startsWith('\x93NUMPY'))
    return {
      name: 'npy',
      what: 'a single NumPy array (`.npy`)',
      hint: `use \`source: npy\` with \`train_images: ${name}\``,
    };
  return (
    zip(bytes, name) ??
    matlab(text, name) ??
    (isPickle(bytes) ? pickle(bytes, name) : undefined) ??
    columns(text, name) ??
    records(bytes, name) ??
    picture(bytes, text) ??
    idx(bytes) ??
    identifyText(bytes, name)
  );
}

/** A zip archive, by its first entry. */
function zip(bytes: Buffer, name: string): Container | undefined {
  const start = bytes.toString('latin1', 0, 4);
  if (start !== 'PK\x03\x04' && start !== 'PK\x05\x06') return undefined;
  const first = bytes.length < 30 ? '' : bytes.toString('latin1', 30, 30 + bytes.readUInt16LE(26));
  if (first.endsWith('.npy'))
    return {
      name: 'npz',
      what: 'an archive of NumPy arrays (`.npz`)',
      hint: 'use `source: npz` with its name as `path`',
    };
  if (/\/(?:data\.pkl|\.format_version|\.storage_alignment|byteorder|version)$/.test(first))
    return convert(
      { name: 'torch', what: 'a PyTorch file' },
      `import numpy as np, torch; x = torch.load('${name}', map_location='cpu'); ${savez(name, 'x_train=x.numpy()')}`,
      IMAGES_ALONE,
    );
  if (/^(?:\[Content_Types\]\.xml|_rels\/|docProps\/|xl\/)/.test(first)) return EXCEL;
  return { name: 'zip', what: 'a zip archive', hint: UNPACK };
}

const UNPACK = 'use `source: images` if it contains pictures; otherwise unpack it and name one of its files';

const EXCEL: Container = {
  name: 'excel',
  what: 'an Excel file',
  hint: 'save the sheet as CSV, and use `source: csv`',
};

/** MATLAB files, which since version 7.3 are HDF5 with reversed axes, and other HDF5 files. */
function matlab(text: string, name: string): Container | undefined {
  const isHdf5 = text.startsWith('\x89HDF\r\n\x1a\n');
  const isMatlab = /^MATLAB [57]\./.test(text) || /\.mat$/i.test(name);
  if (isHdf5 || text.startsWith('MATLAB 7.3')) {
    const load = `import h5py, numpy as np; f = h5py.File('${name}')`;
    const datasets = (of: string): string => `{k: ${of} for k in f if isinstance(f[k], h5py.Dataset)}`;
    return isMatlab
      ? convert(
          { name: 'matlab', what: 'a MATLAB file of version 7.3' },
          `${load}; m = ${datasets('f[k][()].T')}; ${savez(name, imagesFirst('m.items()'))}`,
        )
      : convert(
          { name: 'hdf5', what: 'an HDF5 file' },
          `${load}; ${savez(name, `**${datasets('f[k][()]')}`)}`,
        );
  }
  if (!isMatlab) return undefined;
  return convert(
    { name: 'matlab', what: 'a MATLAB file' },
    `import numpy as np, scipy.io; m = scipy.io.loadmat('${name}'); ${savez(name, imagesFirst("m.items() if k[0] != '_'"))}`,
  );
}

/** MATLAB arrays, in which the images are along the last axis if there are more than two. */
function imagesFirst(items: string): string {
  return `**{k: np.moveaxis(v, -1, 0) if v.ndim > 2 else v for k, v in ${items}}`;
}

/** Recognises protocol 2 and later, which older PyTorch files use, too, and the oldest protocol, which is text. */
function isPickle(bytes: Buffer): boolean {
  const [first = 0, protocol = 0] = bytes;
  if (first === 0x80) return protocol >= 2 && protocol <= 5;
  const text = bytes.toString('latin1', 0, 64);
  // `(` and a dictionary or a list; or a module and a name in it, on two lines.
  return (
    /^\([dl]p\d/.test(text) ||
    /^c(?:os|posix|numpy|copy_?reg|__builtin__|builtins|collections)[\w.]*\n[A-Za-z_]\w*\n/.test(text)
  );
}

/** A pickle is a program, and is never run. CIFAR's pickles are recognised by their keys. */
function pickle(bytes: Buffer, name: string, packing: 'gzip' | 'none' = 'none'): Container {
  const container = { name: 'pickle', what: 'a pickle' } as const;
  const [module, open] = packing === 'gzip' ? ['gzip, ', 'gzip.open'] : ['', 'open'];
  const load = `import ${module}numpy as np, pickle; d = pickle.load(${open}('${name}', 'rb'), encoding='latin1')`;
  const has = (key: string): boolean => bytes.includes(key, 0, 'latin1');
  if (has('batch_label') || has('filenames') || has('fine_labels')) {
    const labels = has('batch_label') ? 'labels' : 'fine_labels';
    return convert(
      { ...container, what: "a pickle, like CIFAR's batches" },
      `${load}; ${savez(name, `x_train=d['data'], y_train=d['${labels}']`)}`,
      'with `shape: [32, 32, 3]`, `data_format: channels_first` and `test_images: null`',
    );
  }
  if (/\.joblib$/i.test(name)) {
    const python = `import joblib, numpy as np; ${savez(name, `x_train=joblib.load('${name}')`)}`;
    return convert(container, python, IMAGES_ALONE);
  }
  return convert(container, `${load}; ${savez(name, 'x_train=d')}`, IMAGES_ALONE);
}

/** Binary tables. */
function columns(text: string, name: string): Container | undefined {
  const read = (container: Pick<Container, 'name' | 'what'>, reader: string): Container =>
    convert(
      container,
      `import numpy as np, pandas as pd; d = pd.${reader}('${name}'); ${savez(name, "x_train=d.drop(columns='label').to_numpy(), y_train=d['label']")}`,
      'with `shape` and `test_images: null`',
    );
  if (text.startsWith('PAR1')) return read({ name: 'parquet', what: 'a Parquet file' }, 'read_parquet');
  if (/^(?:ARROW1|FEA1)/.test(text)) return read({ name: 'arrow', what: 'an Arrow file' }, 'read_feather');
  return text.startsWith('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1') ? EXCEL : undefined;
}

/** Files that begin with a length. */
function records(bytes: Buffer, name: string): Container | undefined {
  if (bytes.length < 12) return undefined;
  if (bytes.readUInt32LE(8) === maskedCrc(bytes.subarray(0, 8))) {
    const all = `r = [tf.train.Example.FromString(t.numpy()).features.feature for t in tf.data.TFRecordDataset('${name}')]`;
    const x = "np.stack([tf.io.decode_image(f['image'].bytes_list.value[0]) for f in r])";
    const y = "[f['label'].int64_list.value[0] for f in r]";
    return convert(
      { name: 'tfrecord', what: 'a TFRecord file' },
      `import numpy as np, tensorflow as tf; ${all}; ${savez(name, `x_train=${x}, y_train=${y}`)}`,
      'with `test_images: null`',
    );
  }
  const length = bytes.readBigUInt64LE();
  if (length > LONGEST_SAFETENSORS_HEADER || bytes.toString('latin1', 8, 10) !== '{"') return undefined;
  return convert(
    { name: 'safetensors', what: 'a safetensors file' },
    `import numpy as np; from safetensors.numpy import load_file; ${savez(name, `**load_file('${name}')`)}`,
  );
}

const PACKED: readonly (readonly [start: string, what: string])[] = [
  ['BZh', 'a file packed by bzip2'],
  ['\xfd7zXZ', 'a file packed by xz'],
  ['\x28\xb5\x2f\xfd', 'a file packed by zstd'],
  ['7z\xbc\xaf', 'a 7z archive'],
  ['Rar!', 'a rar archive'],
];

/** Pictures, and archives that may contain some. */
function picture(bytes: Buffer, text: string): Container | undefined {
  const packed = PACKED.find(([start]) => text.startsWith(start));
  if (packed !== undefined) return { name: 'packed', what: packed[1], hint: 'unpack it' };
  if (text.startsWith('ustar', 257) || isTarHeader(bytes))
    return { name: 'tar', what: 'a tar archive', hint: UNPACK };
  const format = formatOf(bytes);
  // A table may begin with a column `P1`.
  if (format === undefined || (format === 'PNM' && !/^P\d\s+[\d#]/.test(text))) return undefined;
  return {
    name: 'picture',
    what: `a picture (${format})`,
    hint: 'use `source: images` with the folder of the pictures as `path`',
  };
}

function idx([zero, other, type = 0, rank = 0]: Buffer): Container | undefined {
  const isIdx = zero === 0 && other === 0 && [8, 9, 11, 12, 13, 14].includes(type) && rank >= 1 && rank <= 4;
  if (!isIdx) return undefined;
  return {
    name: 'idx',
    what: "a file in MNIST's IDX format",
    hint: 'use `source: idx` with its name as `train_images`',
  };
}
