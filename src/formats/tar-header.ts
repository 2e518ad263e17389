/** Bytes of a header in a tar archive. */
export const TAR_BLOCK = 512;

/** Whether a file begins with a header of a tar archive, by its checksum: the formats before POSIX have no mark. */
export function isTarHeader(start: Uint8Array): boolean {
  const block = start.subarray(0, TAR_BLOCK);
  if (block.length < TAR_BLOCK) return false;
  // The checksum itself counts as blanks.
  const sum = block.reduce((total, value, at) => total + (at >= 148 && at < 156 ? 0x20 : value), 0);
  return Number.parseInt(Buffer.from(block.subarray(148, 156)).toString('latin1').trim(), 8) === sum;
}
