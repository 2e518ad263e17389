/** What an archive may hold at most, whoever made it. `pack` keeps to it, and `verify` refuses everything beyond. */

export const LIMITS = {
  /** Bytes of the archive itself, and of all files in it. */
  archive: 2 ** 31,
  total: 2 ** 32,
  /** Bytes of one file. */
  file: 2 ** 29,
  files: 10_000,
  /** Bytes of `manifest.json` and `environment.json`, and how deep their JSON is nested. */
  manifest: 2 ** 23,
  environment: 2 ** 18,
  depth: 24,
  /** How much larger than its data a file may be, and all together: deflate reaches 1032. */
  ratio: 200,
  /** Files below this size may shrink as they will. */
  ratioFrom: 2 ** 20,
} as const;
