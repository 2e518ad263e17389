/** Bytes in the header of a tar archive. */
export const TAR_BLOCK = 512;

/** Whether a file begins with a tar header, according to its checksum: formats before POSIX have no magic number. */
export function isTarHeader(start: Uint8Array): boolean {
  const block = start.subarray(0, TAR_BLOCK);
  if (block.length < TAR_BLOCK) return false;
  // The bytes of the checksum itself count as spaces.
  const sum = block.reduce((total, value, at) => total + (at >= 148 && at < 156 ? 0x20 : value), 0);
  return Number.parseInt(Buffer.from(block.subarray(148, 156)).toString('latin1').trim(), 8) === sum;
}
