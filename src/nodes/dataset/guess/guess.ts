import { nameSome } from '../pictures/skipped.ts';
import type { JsonObject } from '../../../core/json.ts';

/** What is thought of a file or a folder. */
export interface Guess {
  /** What lies there, with its article: `a folder with a folder for each class`. */
  readonly what: string;
  /** Of a `dataset` stage, in the order of its keys; paths are absolute. */
  readonly settings: JsonObject;
}

/** What of the data a guess leaves aside, for the end of what it is. */
export function notUsed(names: readonly string[]): string {
  return names.length === 0 ? '' : `; not used: ${nameSome(names.map((name) => ({ name })))}`;
}
