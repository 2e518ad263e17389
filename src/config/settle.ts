/** What only the schemas decide: which `null` removes a key, and which lists are merged into the enclosing list. */
import type { Diagnostic } from '../core/diagnostic.ts';
import { didYouMean, errorAt } from './diagnostics/report.ts';
import { param } from './diagnostics/place.ts';
import { backticked, nameOf } from './diagnostics/wording.ts';
import {
  find,
  OVERRIDE_PREFIX,
  type Located,
  type LocatedDocument,
  type LocatedEntry,
  type LocatedScalar,
} from './located.ts';
import type { DocumentPath } from './pipeline.ts';
import { errorPaths, type Pass } from './pass.ts';

export interface Removed {
  readonly path: DocumentPath;
  readonly range: LocatedScalar['range'];
}

/**
 * Removes each `null` that replaces a value and that its schema refuses. If `null` is a valid value of the key, it stays. The
 * items of a named list, `${params.x}` or `*x`, are merged into an enclosing list that the schema marks as flat.
 *
 * @returns undefined if there is nothing to do
 */
export function settle(
  { root }: LocatedDocument<'settled'>,
  pass: Pass,
): { readonly document: LocatedDocument<'settled'>; readonly removed: readonly Removed[] } | undefined {
  const refused = refusedPaths(pass);
  const flat = new Set(
    pass.marks.flatMap(({ keyword, at }) =>
      keyword === 'flat' && holdsNamedList(root, at) ? [JSON.stringify(at)] : [],
    ),
  );
  if (refused.size === 0 && flat.size === 0) return undefined;
  const removed: Removed[] = [];
  const visit = (value: Located, path: DocumentPath): Located => {
    if (value.kind === 'scalar') return value;
    if (value.kind === 'list') {
      const hasList = value.items.some(({ kind }) => kind === 'list');
      const items = hasList && flat.has(JSON.stringify(path)) ? flattened(value.items) : value.items;
      const visited = items.map((item, index) => visit(item, [...path, index]));
      return visited.length === value.items.length &&
        visited.every((item, index) => item === value.items[index])
        ? value
        : { ...value, items: visited };
    }
    let changed = false;
    const entries = new Map<string, LocatedEntry>();
    for (const [key, entry] of value.entries) {
      const inner = [...path, key];
      if (isRemoving(entry.value) && refused.has(JSON.stringify(inner))) {
        changed = true;
        removed.push({ path: inner, range: entry.keyRange });
        continue;
      }
      const visited = visit(entry.value, inner);
      changed ||= visited !== entry.value;
      entries.set(key, visited === entry.value ? entry : { ...entry, value: visited });
    }
    return changed ? { ...value, entries } : value;
  };
  const settled = visit(root, []);
  return settled === root || settled.kind !== 'map'
    ? undefined
    : { document: { state: 'settled', root: settled }, removed };
}

/** Reports each `null` that would remove a key that does not exist. */
export function idleNulls(
  { root }: LocatedDocument<'settled'>,
  pass: Pass,
  extended: boolean,
): { readonly paths: readonly DocumentPath[]; readonly diagnostics: readonly Diagnostic[] } {
  const paths = new Map<string, DocumentPath>();
  for (const { path } of errorPaths(pass)) {
    const value = find(root, path)?.value;
    if (value?.kind !== 'scalar' || value.value !== null || value.broken === true) continue;
    if (value.unwritten === true || value.origin !== undefined) continue;
    const isOverride = value.range.file.startsWith(OVERRIDE_PREFIX);
    // In a list, or with nothing to remove, it is a value like others.
    if (path.every((segment) => typeof segment === 'string') && (extended || isOverride)) {
      paths.set(JSON.stringify(path), path);
    }
  }
  const diagnostics = [...paths.values()].flatMap((path) => {
    const value = find(root, path)?.value;
    if (value === undefined) return [];
    const key = String(path.at(-1));
    const parent = find(root, path.slice(0, -1))?.value;
    const siblings = parent?.kind === 'map' ? [...parent.entries.keys()].filter((name) => name !== key) : [];
    const owner = path.length === 1 ? 'the pipeline' : nameOf(path.slice(0, -1));
    return [
      errorAt(
        value.range,
        'nothing-removed',
        `this \`null\` removes nothing: ${owner} has no inherited ${backticked(key)}`,
        { hint: didYouMean(key, siblings) ?? 'remove it' },
      ),
    ];
  });
  return { paths: [...paths.values()], diagnostics };
}

/** Paths of values and keys that the schemas do not accept. */
function refusedPaths(pass: Pass): ReadonlySet<string> {
  return new Set(
    errorPaths(pass).map(({ path, error }) => {
      const key = error.keyword === 'additionalProperties' ? [param(error, 'additionalProperty')] : [];
      return JSON.stringify([...path, ...key]);
    }),
  );
}

function isRemoving(value: Located): boolean {
  return value.kind === 'scalar' && value.removes === true;
}

/** Replaces named lists by their items. */
function flattened(items: readonly Located[]): readonly Located[] {
  if (!items.some(isNamedList)) return items;
  return items.flatMap((item) =>
    isNamedList(item) && item.kind === 'list' ? flattened(item.items) : [item],
  );
}

function holdsNamedList(root: Located, path: DocumentPath): boolean {
  const list = find(root, path)?.value;
  return list?.kind === 'list' && list.items.some(isNamedList);
}

function isNamedList(item: Located): boolean {
  return item.kind === 'list' && item.origin !== undefined;
}
