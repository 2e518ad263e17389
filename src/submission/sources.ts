/** The source files of a run: the pipeline, the files it extends, plugins, and the user's data files. */
import { readFile, readdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { pathFrom } from '../core/path.ts';
import { errorCode } from '../files/atomic.ts';
import { isArgument } from '../config/located.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { Failure, failure, type SourceFile } from '../core/diagnostic.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { isSystemName } from '../nodes/dataset/names.ts';
import { LIMITS } from './limits.ts';
import type { ZipEntry } from '../formats/zip.ts';

const FOLDER = 'pipeline';

/** On any system. */
const ABSOLUTE = /^(?:[/~\\]|[A-Za-z]:[\\/])/;
const EXTENDS_ABSOLUTE = /^extends:[ \t]*["']?(?:[/~\\]|[A-Za-z]:[\\/])/m;

export interface Sources {
  /** Path of the pipeline in the archive. */
  readonly file: string;
  readonly entries: readonly ZipEntry[];
}

/**
 * Reads the sources. Their names are their paths relative to each other.
 *
 * @param boundary absolute path of a folder that must contain them all, if there are several: names of folders above it are not
 *   revealed
 * @throws Failure if one cannot be read, is outside the boundary, or is named by an absolute path
 */
export async function collectSources(
  located: LocatedPipeline,
  sources: readonly SourceFile[],
  { includeData, boundary }: { readonly includeData: boolean; readonly boundary: string },
): Promise<Sources> {
  checkRelative(located, sources);
  const pipeline = resolve(located.file);
  const files = new Set([pipeline]);
  for (const { name } of sources) if (!isArgument(name)) files.add(resolve(name));
  for (const plugin of located.pipeline.plugins) await addModule(resolve(located.folder, plugin), files);
  if (includeData) for (const path of dataFiles(located)) await addData(resolve(located.folder, path), files);
  const root = commonFolder([...files]);
  for (const file of files) {
    if (files.size === 1 || isBelow(file, boundary)) continue;
    throw failure(
      'usage',
      `\`${file}\` is outside the current folder, and its path would reveal names of folders on this machine`,
      'run `pack` in a folder that contains the pipeline and all files it names',
    );
  }
  const entries: ZipEntry[] = [];
  for (const file of files) {
    const data = await read(file);
    entries.push({ path: archivePath(root, file), data: isYaml(file) ? withoutSchema(data) : data });
  }
  return { file: archivePath(root, pipeline), entries };
}

const isYaml = (path: string): boolean => /\.ya?ml$/i.test(path);

/** An editor comment with the path of a schema, which may name folders of this machine: the line is kept, without the path. */
const SCHEMA_NOTE = /^(#[ \t]*yaml-language-server:[ \t]*\$schema=)(?!https?:)[^\r\n]+/gm;

/** A pipeline's text without the path of its schema on this machine. */
export function withoutSchemaPath(text: string): string {
  return text.replace(SCHEMA_NOTE, '$1pipeline.schema.json');
}

function withoutSchema(data: Buffer): Buffer {
  const text = data.toString('utf8');
  const clean = withoutSchemaPath(text);
  return clean === text ? data : Buffer.from(clean);
}

const archivePath = (root: string, file: string): string => `${FOLDER}/${pathFrom(root, file)}`;

/** Files and folders that stages read, as named in the settings. */
export function dataFiles(located: LocatedPipeline): readonly string[] {
  return [...located.pipeline.stages.values()].flatMap(
    (settings) => located.stageTypes.get(settings.type)?.files?.(settings) ?? [],
  );
}

/** Other machines do not have these folders, and their names may reveal who the user is. */
function checkRelative(located: LocatedPipeline, sources: readonly SourceFile[]): void {
  const visit = (value: Json, path: readonly (string | number)[]): void => {
    if (typeof value === 'string' && ABSOLUTE.test(value)) {
      throw new Failure({
        code: 'bad-setting',
        severity: 'error',
        message: `\`${value}\` is an absolute path, which does not exist on other machines`,
        hint: 'name the file relative to the pipeline',
        range: located.locate(path),
      });
    }
    if (Array.isArray(value)) value.forEach((item: Json, index) => visit(item, [...path, index]));
    else if (isJsonObject(value))
      for (const [key, item] of Object.entries(value)) visit(item, [...path, key]);
  };
  visit([...located.pipeline.plugins], ['plugins']);
  for (const [name, settings] of located.pipeline.stages) visit(settings, ['stages', name]);
  if (sources.some(({ text }) => EXTENDS_ABSOLUTE.test(text))) {
    throw failure(
      'bad-setting',
      '`extends` has an absolute path, which does not exist on other machines',
      'name the file relative to the pipeline',
    );
  }
}

/** Absolute paths of a plugin and of the modules that it imports by relative paths, if they exist. */
export async function moduleFiles(plugin: string): Promise<readonly string[]> {
  const files = new Set<string>();
  await addModule(plugin, files).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
  });
  return [...files];
}

async function addModule(path: string, files: Set<string>): Promise<void> {
  if (files.has(path)) return;
  files.add(path);
  const text = (await read(path)).toString('utf8');
  for (const [, specifier = ''] of text.matchAll(
    /\b(?:from|import)\s*(?:\(\s*)?['"](\.{1,2}\/[^'"]+)['"]/g,
  )) {
    await addModule(resolve(dirname(path), specifier), files);
  }
}

async function addData(path: string, files: Set<string>): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isDirectory() !== true) {
    files.add(path);
    return;
  }
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw failure(
      'file-unreadable',
      `\`${path}\` cannot be read completely (${errorCode(error)})`,
      'check its permissions',
    );
  });
  for (const entry of entries) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.add(file);
    else if (!entry.isDirectory() && !relative(path, file).split(sep).some(isSystemName)) {
      throw failure(
        'file-unreadable',
        `\`${file}\` is a link, pipe, socket or device, which an archive cannot hold`,
        'replace it with a file or remove it, then run the pipeline again',
      );
    }
  }
}

async function read(path: string): Promise<Buffer> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile() !== true) {
    throw failure('file-not-found', `\`${path}\`, which the pipeline names, does not exist or is not a file`);
  }
  if (info.size > LIMITS.file) {
    throw failure(
      'file-too-large',
      `\`${path}\` has ${info.size} bytes; the limit for a file in an archive is ${LIMITS.file}`,
    );
  }
  return readFile(path).catch((error: unknown) => {
    throw failure(
      'file-unreadable',
      `\`${path}\` cannot be read (${errorCode(error)})`,
      'check its permissions',
    );
  });
}

function commonFolder(files: readonly string[]): string {
  let root = dirname(files[0] ?? '');
  while (!files.every((file) => isBelow(file, root))) root = dirname(root);
  return root;
}

function isBelow(file: string, folder: string): boolean {
  const path = relative(folder, file);
  return !isAbsolute(path) && path !== '..' && !path.startsWith(`..${sep}`);
}
