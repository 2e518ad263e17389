/** A set of places in a document that answers questions about many paths, each in the time that its length takes. */
import type { DocumentPath } from '../pipeline.ts';

export class PathSet {
  readonly #paths = new Set<string>();
  readonly #ancestors = new Set<string>();

  constructor(paths: Iterable<DocumentPath> = []) {
    for (const path of paths) this.add(path);
  }

  add(path: DocumentPath): void {
    const keys = keysOf(path);
    for (const key of keys.slice(0, -1)) this.#ancestors.add(key);
    for (const key of keys.slice(-1)) this.#paths.add(key);
  }

  /** Whether the set has this path, or one that it is inside of. */
  covers(path: DocumentPath): boolean {
    return keysOf(path).some((key) => this.#paths.has(key));
  }

  /** Whether a path of the set is inside this one; itself does not count. */
  hasInside(path: DocumentPath): boolean {
    return keysOf(path)
      .slice(-1)
      .some((key) => this.#ancestors.has(key));
  }
}

/** Texts for a path and all that it is inside of, the document first. Keys are distinguished from positions. */
function keysOf(path: DocumentPath): readonly string[] {
  let key = '';
  return ['', ...path.map((segment) => (key += `/${JSON.stringify(segment)}`))];
}
