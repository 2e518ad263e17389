/**
 * A model's forward pass, compiled in advance: its program as words for `hourglass.wasm`, its weights, and the places of all
 * values. Running it needs neither tfjs nor the compiler. As bytes: four with the length of a JSON header, the header, the words,
 * and the contents one after the other. Numbers are little-endian.
 */
import { failure, type Failure } from '../../core/diagnostic.ts';
import { sizeOf } from '../../core/shape.ts';

export interface ModelFile {
  /** Rows that one run takes. */
  readonly batchSize: number;
  /** Shapes of one row of float32. */
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Bytes of memory that a run needs. Places are offsets in it. */
  readonly memory: number;
  /** Places of the input and the output. */
  readonly input: number;
  readonly output: number;
  /** As `encode.ts` writes them, for a memory that begins at 0. */
  readonly words: Int32Array;
  /** Weights and constants. */
  readonly contents: readonly Content[];
}

export interface Content {
  readonly at: number;
  readonly bytes: Uint8Array;
}

const FORMAT = 'hourglass-model-1';

const PREFIX = 4;

export function encodeModelFile({ words, contents, ...rest }: ModelFile): Uint8Array {
  const places = contents.map(({ at, bytes }) => [at, bytes.length]);
  const header = new TextEncoder().encode(
    JSON.stringify({ format: FORMAT, ...rest, words: words.length, contents: places }),
  );
  const parts = [
    new Uint8Array(Uint32Array.of(header.length).buffer),
    header,
    new Uint8Array(words.buffer, words.byteOffset, words.byteLength),
    ...contents.map(({ bytes }) => bytes),
  ];
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    file.set(part, end);
    end += part.length;
  }
  return file;
}

/**
 * Reads a file. All sizes and places are checked; the module checks the words themselves.
 *
 * @throws Failure `data-corrupt`
 */
export function decodeModelFile(file: Uint8Array): ModelFile {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = file.length < PREFIX ? Infinity : view.getUint32(0, true);
  if (length > file.length - PREFIX) throw corrupt('its header is cut off');
  const header = readHeader(new TextDecoder().decode(file.subarray(PREFIX, PREFIX + length)));
  const { batchSize, inputShape, outputShape, memory, input, output } = header;
  const isInside = (at: number, bytes: number): boolean => at % 4 === 0 && at + bytes <= memory;
  let end = PREFIX + length;
  const take = (bytes: number): Uint8Array => {
    const part = file.slice(end, (end += bytes));
    if (part.length !== bytes) throw corrupt('it is cut off');
    return part;
  };
  const words = new Int32Array(take(header.words * 4).buffer);
  const contents = header.contents.map(([at = 0, bytes = 0]) => {
    if (!isInside(at, bytes)) throw corrupt('its weights are outside of its memory');
    return { at, bytes: take(bytes) };
  });
  if (end !== file.length) throw corrupt('it has unused bytes');
  for (const [at, shape] of [
    [input, inputShape],
    [output, outputShape],
  ] as const)
    if (!isInside(at, batchSize * sizeOf(shape) * 4))
      throw corrupt('its input or output is outside of its memory');
  return { batchSize, inputShape, outputShape, memory, input, output, words, contents };
}

/**
 * The words for a memory that begins elsewhere. They begin with two lists of places and sizes: of the memory, and of the buffers,
 * which the module checks against the memory.
 *
 * @throws Failure `data-corrupt` if they name memory outside the model's
 */
export function relocate({ words, memory }: Pick<ModelFile, 'words' | 'memory'>, base: number): Int32Array {
  const moved = words.slice();
  let index = 0;
  for (const list of ['memory', 'buffers']) {
    const count = moved[index++] ?? 0;
    if (count < 0 || count > (words.length - index) / 2) throw corrupt('its program is cut off');
    for (const end = index + count * 2; index < end; index += 2) {
      const [at, bytes] = [(words[index] ?? 0) >>> 0, (words[index + 1] ?? 0) >>> 0];
      if (list === 'memory' && at + bytes > memory)
        throw corrupt('its program uses memory outside the model');
      moved[index] = at + base;
    }
  }
  return moved;
}

type Header = Omit<ModelFile, 'words' | 'contents'> & {
  readonly words: number;
  /** Place and bytes of each. */
  readonly contents: readonly (readonly number[])[];
};

function readHeader(text: string): Header {
  let header: Partial<Readonly<Record<string, unknown>>> = {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) header = { ...value };
  } catch {
    // Reported below.
  }
  if (header['format'] !== FORMAT) throw corrupt('its header has another format');
  const count = (value: unknown): number => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value >= 2 ** 32)
      throw corrupt('a size in its header is not valid');
    return value;
  };
  const counts = (value: unknown): readonly number[] => listOf(value).map(count);
  return {
    batchSize: count(header['batchSize']),
    inputShape: counts(header['inputShape']),
    outputShape: counts(header['outputShape']),
    memory: count(header['memory']),
    input: count(header['input']),
    output: count(header['output']),
    words: count(header['words']),
    contents: listOf(header['contents']).map(counts),
  };
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw corrupt('a list in its header is not valid');
  return value;
}

function corrupt(what: string): Failure {
  return failure('data-corrupt', `the model is not one that Hourglass wrote: ${what}`);
}
