/** Limits for archives. `pack` stays below them, and `verify` refuses everything above. */

export const LIMITS = {
  /** Bytes of the archive itself, and of all its files unpacked. */
  archive: 2 ** 31,
  total: 2 ** 32,
  /** Bytes of one file. */
  file: 2 ** 29,
  files: 10_000,
  /** Bytes of `manifest.json` and `environment.json`, and the nesting depth of their JSON. */
  manifest: 2 ** 23,
  environment: 2 ** 18,
  depth: 24,
  /** Maximum compression ratio of a file, and of all files together: deflate reaches 1032. */
  ratio: 200,
  /** Files below this size may have any ratio. */
  ratioFrom: 2 ** 20,
} as const;
