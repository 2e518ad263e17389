/** Which file made the outputs of a name: two pipelines with the same `name` would replace each other's outputs. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pathFromHere, withSlashes } from '../core/path.ts';
import { parse } from 'yaml';
import type { Workspace } from '../artifacts/workspace.ts';
import { ifReadable } from '../files/present.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { isJsonObject } from '../core/json.ts';

/** The path of a pipeline file relative to a folder, with `/`: both can be moved together. */
export function sourcePath(located: Pick<LocatedPipeline, 'file' | 'folder'>, folder: string): string {
  return withSlashes(relative(folder, pathOf(located)));
}

/**
 * Returns a warning for each other file that still has the same `name` and made outputs that are about to be replaced. The same
 * file under another path does not count, nor does a file that was moved or renamed.
 *
 * @param workspace `outputs/<name>`
 */
export async function otherSources(
  located: LocatedPipeline,
  workspace: Workspace,
): Promise<readonly Diagnostic[]> {
  const { name } = located.pipeline;
  const paths = (await recordedSources(workspace)).map((source) => resolve(workspace.folder, source));
  const found: Diagnostic[] = [];
  for (const path of new Set(paths)) {
    if (!(await isAnother(path, pathOf(located))) || !(await mayHaveName(path, name))) continue;
    found.push(warningOf(located, pathFromHere(path)));
  }
  const twin = ((await ifReadable(readdir(dirname(workspace.folder)))) ?? []).find(
    (each) => each !== name && each.toLowerCase() === name.toLowerCase(),
  );
  if (twin !== undefined) found.push(twinWarning(located, twin));
  return found;
}

function twinWarning(located: LocatedPipeline, twin: string): Diagnostic {
  return {
    code: 'name-in-use',
    severity: 'warning',
    message: `there are outputs of \`${twin}\`, whose name differs from \`${located.pipeline.name}\` only in case: on many disks they share a folder`,
    range: located.locate(['name'], 'value'),
    hint: 'give this pipeline another `name`',
  };
}

function warningOf(located: LocatedPipeline, other: string): Diagnostic {
  const { name } = located.pipeline;
  return {
    code: 'name-in-use',
    severity: 'warning',
    message: `\`${other}\` has the same \`name\`, \`${name}\`, and made the outputs that this pipeline replaces`,
    range: located.locate(['name'], 'value'),
    hint: 'give one of the two files another `name`',
  };
}

/** The files recorded by a run and by a sweep. */
async function recordedSources(workspace: Workspace): Promise<readonly string[]> {
  const sources: string[] = [];
  for (const name of ['run.json', 'sweep.json']) {
    const text = await ifReadable(readFile(join(workspace.folder, name), 'utf8'));
    try {
      const record: unknown = JSON.parse(text ?? '');
      if (isJsonObject(record) && typeof record['source'] === 'string') sources.push(record['source']);
    } catch {
      // There is no record, or it is damaged: then there is nothing to warn about.
    }
  }
  return sources;
}

function pathOf({ file, folder }: Pick<LocatedPipeline, 'file' | 'folder'>): string {
  return join(folder, basename(file));
}

/** Whether both files exist and are different files. File IDs on Windows have 64 bits, more than a JavaScript number can hold. */
export async function isAnother(path: string, own: string): Promise<boolean> {
  const look = (each: string) => stat(each, { bigint: true }).catch(() => undefined);
  const [one, other] = await Promise.all([look(path), look(own)]);
  if (one?.isFile() !== true || other === undefined) return false;
  return one.ino !== other.ino || one.dev !== other.dev;
}

/** Whether a pipeline file may have this name: true unless it sets another, since it may inherit the name. */
async function mayHaveName(path: string, name: string): Promise<boolean> {
  try {
    const document: unknown = parse(await readFile(path, 'utf8'), { logLevel: 'silent' });
    const own = isJsonObject(document) ? document['name'] : undefined;
    return own === undefined || own === name;
  } catch {
    return true;
  }
}
