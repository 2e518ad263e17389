/** Paths of files in settings: each is relative to the file in which it is written. */
import { isAbsolute, resolve } from 'node:path';
import { pathFrom, withSlashes } from '../core/path.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { find, folderOf, isFromOverride, type Located } from './located.ts';
import type { DocumentPath, LocatedPipeline, PathSetting } from './pipeline.ts';
import type { Mark } from './validator.ts';

/** The folders to which paths are relative. */
export interface Folders {
  /** Absolute path of the pipeline file's folder: all paths are made relative to it. */
  readonly pipeline: string;
  /** Absolute path of the folder to which paths in overrides are relative. */
  readonly overrides: string;
}

/** Makes the paths in the data relative to the pipeline's folder. Absolute paths stay. */
export function placePaths(
  data: JsonObject,
  root: Located,
  marks: readonly Mark[],
  folders: Folders,
): readonly PathSetting[] {
  return marks.flatMap(({ keyword, at }) => {
    const path = keyword === 'filePath' ? pathAt(root, at, folders) : undefined;
    if (path === undefined) return [];
    if (path.path !== path.written) replaceAt(data, at, path.path);
    return [path];
  });
}

/** The path in a text of the document, if it is a text. */
export function pathAt(root: Located, at: DocumentPath, folders: Folders): PathSetting | undefined {
  const scalar = find(root, at)?.value;
  if (scalar?.kind !== 'scalar' || typeof scalar.value !== 'string') return undefined;
  const written = scalar.value;
  const isOverride = isFromOverride(scalar);
  const folder = isOverride ? folders.overrides : folderOf(scalar);
  const stays = folder === folders.pipeline || isAbsolute(written) || isUrl(written);
  const path = stays
    ? isUrl(written)
      ? written
      : withSlashes(written)
    : pathFrom(folders.pipeline, resolve(folder, written));
  return { at, written, folder, path, isOverride };
}

/** Beginnings that no path has: such a text is refused as it is written. */
function isUrl(text: string): boolean {
  return /^[a-z][a-z+.-]+:\/\//i.test(text) || /^~(?:\/|$)/.test(text);
}

/** Replaces an existing value in data that is not shared. */
export function replaceAt(data: Json, at: DocumentPath, value: Json): void {
  const parent = at.slice(0, -1).reduce<Json | undefined>(memberOf, data);
  const last = at.at(-1);
  if (typeof parent === 'object' && parent !== null && last !== undefined) Reflect.set(parent, last, value);
}

/** The value at a path in data. */
export function valueAt(data: Json, at: DocumentPath): Json | undefined {
  return at.reduce<Json | undefined>(memberOf, data);
}

function memberOf(value: Json | undefined, segment: string | number): Json | undefined {
  if (Array.isArray(value)) return (value as readonly Json[])[Number(segment)];
  return isJsonObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
}

/** The finding at one of the settings. */
interface Said {
  readonly message: string;
  readonly hint?: string;
  readonly replacement?: string;
}

/** The same finding with paths as written: relative to the file that contains them. */
export function asWritten<Finding extends Said>(
  { paths, folder }: Pick<LocatedPipeline, 'paths' | 'folder'>,
  at: DocumentPath,
  finding: Finding,
): Finding {
  const setting = paths.find(
    (each) => each.at.length === at.length && each.at.every((key, index) => key === at[index]),
  );
  if (setting === undefined || setting.path === setting.written) return finding;
  const { replacement } = finding;
  const near =
    replacement === undefined || isAbsolute(replacement)
      ? replacement
      : pathFrom(setting.folder, resolve(folder, replacement));
  // In one pass: a written path may equal a replacement that is relative to another folder.
  const shown = (text: string): string =>
    text.replaceAll(/`([^`]*)`/g, (quoted, inner: string) => {
      if (inner === setting.path) return `\`${setting.written}\``;
      return inner === replacement && near !== undefined ? `\`${near}\`` : quoted;
    });
  return {
    ...finding,
    message: shown(finding.message),
    ...(finding.hint === undefined ? {} : { hint: shown(finding.hint) }),
    ...(near === undefined ? {} : { replacement: near }),
  };
}
