import { nameSome } from '../pictures/skipped.ts';
import type { JsonObject } from '../../../core/json.ts';

/** A guess about a file or a folder. */
export interface Guess {
  /** What it is, with its article: `a folder with a folder for each class`. */
  readonly what: string;
  /** Settings of a `dataset` stage, in the order of its keys; paths are absolute. */
  readonly settings: JsonObject;
}

/** The parts of the data that a guess does not use, for the end of its description. */
export function notUsed(names: readonly string[]): string {
  return names.length === 0 ? '' : `; not used: ${nameSome(names.map((name) => ({ name })))}`;
}
