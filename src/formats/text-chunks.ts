/** Text from a stream of bytes. */
import { TextDecoder } from 'node:util';
import { failure } from '../core/diagnostic.ts';

/**
 * Decodes UTF-8 or, with a byte order mark, UTF-16. The mark is removed.
 *
 * @param path for messages
 * @throws Failure `data-corrupt` with the line of the first invalid bytes
 */
export async function* decodeText(bytes: AsyncIterable<Buffer>, path: string): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let line = 1;
  for await (const chunk of bytes) {
    decoder ??= new TextDecoder(encodingOf(chunk), { fatal: true });
    const text = decode(decoder, chunk, () => notText(path, decoder?.encoding, chunk, line));
    line += countLines(text);
    yield text;
  }
  if (decoder === undefined) return;
  const rest = decode(decoder, undefined, () => notText(path, decoder?.encoding, Buffer.alloc(0), line));
  if (rest !== '') yield rest;
}

/** The same text with `\n` line ends: a concatenated file may have several kinds. */
export async function* withLineFeeds(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  // The second half of `\r\n` may come with the next chunk.
  let held = '';
  for await (const chunk of chunks) {
    const text = `${held}${chunk}`;
    held = text.endsWith('\r') ? '\r' : '';
    yield text.slice(0, text.length - held.length).replace(/\r\n?/g, '\n');
  }
  if (held !== '') yield '\n';
}

/** The beginning of a file as text in the same encodings. */
export function textOf(start: Buffer): string {
  return new TextDecoder(encodingOf(start)).decode(start);
}

/**
 * A whole file as text in the same encodings.
 *
 * @returns undefined if it is not text
 */
export function wholeText(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function encodingOf([first, second]: Buffer): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

function decode(decoder: TextDecoder, chunk: Buffer | undefined, failed: () => Error): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch {
    throw failed();
  }
}

/** @param line line of the first byte of the chunk, from 1 */
function notText(path: string, encoding = 'utf-8', chunk: Buffer, line: number): Error {
  const text = new TextDecoder(encoding).decode(chunk);
  const bad = text.indexOf('\uFFFD');
  const at = line + countLines(bad < 0 ? text : text.slice(0, bad));
  return failure(
    'data-corrupt',
    `\`${path}\` line ${at}: is not ${encoding.toUpperCase()} text`,
    'save the table as UTF-8: older encodings, such as Latin-1, have other bytes for accented letters',
  );
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
