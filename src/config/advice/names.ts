/** Invalid names of stages, parameters and pipelines, and the closest valid ones. */
import type { Located, LocatedMap } from '../located.ts';
import type { DocumentPath } from '../pipeline.ts';
import { isSmall, mapAt, replaceValue, type Advice } from './edits.ts';

/** `quality of it` -> `quality_of_it`; undefined if nothing is left. */
export function plainName(name: string, between: '_' | '-'): string | undefined {
  const ascii = name
    .replaceAll('ß', 'ss')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/^(?:stages|params)\./, '');
  const plain = ascii.replace(/[^\w-]+/g, between).replace(/^[^A-Za-z]+|[-_]+$/g, '');
  return plain === '' || plain === name || plain.length > 64 ? undefined : plain;
}

/**
 * `learning-rate` -> `learning_rate`: a parameter's name has no hyphen; undefined if the name is already valid, or nothing is
 * left.
 */
export function plainParameter(name: string): string | undefined {
  const plain = (plainName(name, '_') ?? name).replaceAll('-', '_');
  return plain === name || !/^[A-Za-z_]/.test(plain) ? undefined : plain;
}

/** Renames a stage or a parameter in all places. */
export function adviseName(root: LocatedMap, path: DocumentPath, name: string): Advice | undefined {
  const [section] = path;
  const owner = mapAt(root, path);
  const key = owner?.entries.get(name)?.keyRange;
  const plain = section === 'params' ? plainParameter(name) : plainName(name, '_');
  if (path.length !== 1 || key === undefined || plain === undefined || owner?.entries.has(plain) === true)
    return undefined;
  const stages = mapAt(root, ['stages']);
  if (stages !== undefined && !isSmall(stages)) return undefined;
  const signs = section === 'params' ? ' and `_`' : ', `_` and `-`';
  const uses = section === 'stages' && stages !== undefined ? usesOf(stages, name) : [];
  return {
    hint: `write \`${plain}\`: a name is letters, digits${signs}, and begins with a letter`,
    edits: [{ range: key, text: plain }, ...uses.flatMap((use) => replaceValue(use, plain))],
  };
}

/** Settings of stages that name a stage. */
function usesOf(stages: LocatedMap, name: string): readonly Located[] {
  return [...stages.entries.values()].flatMap(({ value }) =>
    value.kind === 'map'
      ? [...value.entries].flatMap(([key, { value: setting }]) =>
          key === 'title' ? [] : named(setting, name),
        )
      : [],
  );
}

function named(value: Located, name: string): readonly Located[] {
  if (value.kind === 'list') return value.items.flatMap((item) => named(item, name));
  return value.kind === 'scalar' && value.value === name && value.origin === undefined ? [value] : [];
}
