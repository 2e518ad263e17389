/** A hash of pixels, which is the same whether they are in memory or read in pieces. */
import { createHash } from 'node:crypto';
import { NumberSource, piecesOf, type HeldNumbers } from './numbers.ts';

/**
 * SHA-256 of pixels, row-major, in the byte order of the machine.
 *
 * @param wide whether values read in pieces have 16 bits
 */
export function hashOfPixels(data: HeldNumbers | Uint16Array | NumberSource, wide: boolean): string {
  const hash = createHash('sha256');
  if (!(data instanceof NumberSource)) hash.update(data);
  else for (const piece of piecesOf(data)) hash.update(wide ? Uint16Array.from(piece) : piece);
  return hash.digest('hex');
}
