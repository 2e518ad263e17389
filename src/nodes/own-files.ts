/** Checks that files and folders named in settings exist and can be read. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCode } from '../files/atomic.ts';
import { kindOf, visibleNames, nearbyPath, type PathKind } from '../files/nearby.ts';
import { identifyFile, identifyInside } from '../formats/containers.ts';
import type { Container, ContainerName } from '../formats/container.ts';
import { Failure, type DiagnosticCode } from '../core/diagnostic.ts';
import type { Finding } from '../core/stage-type.ts';
import { permissionHint } from '../core/system.ts';
import type { NodeDefinition } from './contract.ts';
import { shownName } from './dataset/names.ts';

/** A path as written in a setting. */
export interface NamedPath {
  readonly path: string;
  /** Absolute path of the folder to which it is relative. */
  readonly folder: string;
  /** The setting. */
  readonly key: string;
}

/** Maximum names listed in a hint, and maximum subfolders that are searched for pictures. */
const LISTED = 4;

/**
 * What is wrong with a path: it does not exist, is a folder instead of a file or the reverse, is a device, or cannot be read.
 * Opens files without reading them.
 */
export async function missingFile(
  named: NamedPath,
  kinds: readonly PathKind[],
): Promise<Finding | undefined> {
  const url = urlProblem(named);
  if (url !== undefined) return url;
  const absolute = resolve(named.folder, named.path);
  const shown = `\`${shownName(named.path)}\``;
  const kind = await kindOf(absolute);
  if (kind !== undefined && kinds.includes(kind)) return unreadable(named, absolute, kind);
  const near = isPattern(named.path) ? undefined : await nearbyPath(named.folder, named.path, kinds);
  const found = kind === 'file' ? await identifyFile(absolute) : undefined;
  const hint =
    near === undefined
      ? (found?.hint ?? (await whereItWas(named, absolute, kinds)))
      : `did you mean \`${near}\`?`;
  const finding = (what: string): Finding => ({
    ...pathFinding(named, 'data-missing', what, hint),
    ...(near === undefined ? {} : { replacement: near }),
  });
  if (kind === 'folder') {
    const wrong = finding(`${shown} is a folder, but a file is needed`);
    const pictures = near === undefined ? await pictureInside(absolute) : undefined;
    return pictures === undefined ? wrong : { ...wrong, hint: pictures.hint };
  }
  if (kind === 'file') return finding(`${shown} is ${found?.what ?? 'a file'}, but a folder is needed`);
  const reason = await access(absolute).then(
    () => '',
    (error: unknown) => errorCode(error),
  );
  if (reason === '') return finding(`${shown} is neither a file nor a folder`);
  if (reason === 'EACCES' || reason === 'EPERM') {
    return finding(`${shown} is in a folder that you may not read`);
  }
  return finding(
    reason === 'ENOENT' || reason === 'ENOTDIR'
      ? `${shown} does not exist`
      : `${shown} cannot be read (${reason})`,
  );
}

/**
 * A finding about a file that needs another source or another tool.
 *
 * @param read what the setting accepts
 */
export async function otherContainer(
  named: NamedPath,
  read: readonly ContainerName[],
): Promise<Finding | undefined> {
  const found = await identifyFile(resolve(named.folder, named.path));
  if (found === undefined || read.includes(found.name)) return undefined;
  return pathFinding(named, 'data-corrupt', `\`${shownName(named.path)}\` is ${found.what}`, found.hint);
}

/**
 * Runs work that knows files by their absolute paths. In its messages, these are replaced with the paths that the user wrote.
 *
 * @param files longer paths first where one begins with another
 */
export async function namedAsWritten<Result>(
  files: readonly { readonly absolute: string; readonly written: string }[],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const rename = (text: string): string =>
      files.reduce(
        (renamed, { absolute, written }) => renamed.replaceAll(absolute, () => shownName(written)),
        text,
      );
    throw new Failure(
      ...error.diagnostics.map(({ hint, ...diagnostic }) => ({
        ...diagnostic,
        message: rename(diagnostic.message),
        ...(hint === undefined ? {} : { hint: rename(hint) }),
      })),
    );
  }
}

/** Kinds of files that are often beside data but are not meant. */
const ASIDE: ReadonlySet<ContainerName> = new Set(['picture', 'table', 'web-page']);

/** Adds to a finding about a folder what kind of file it contains, if that is known. */
export async function withContent(finding: Finding, folder: string): Promise<Finding> {
  const inside = await identifyInside(folder, (name) => !ASIDE.has(name));
  if (inside === undefined) return finding;
  const { file, container } = inside;
  return { ...finding, hint: `\`${shownName(file)}\` is ${container.what}: ${container.hint}` };
}

/** The first picture in a folder, or in one of the first folders in it, which may be classes. */
async function pictureInside(folder: string): Promise<Container | undefined> {
  const below = (await visibleNames(folder, ['folder'])).slice(0, LISTED);
  for (const each of [folder, ...below.map((name) => join(folder, name))]) {
    const inside = await identifyInside(each, (name) => name === 'picture');
    if (inside !== undefined) return inside.container;
  }
  return undefined;
}

/** Whether a shell would expand the path. */
function isPattern(path: string): boolean {
  return /^~(?=\/|$)|[*?]/.test(path);
}

/** What to write instead of a URL: settings for paths do not accept URLs. */
function urlProblem(named: NamedPath): Finding | undefined {
  const scheme = /^([a-z][a-z+.-]+):\/\//i.exec(named.path)?.[1]?.toLowerCase();
  if (scheme === undefined) return undefined;
  const message = `\`${named.key}\` takes a path, and \`${shownName(named.path)}\` is a URL`;
  const path = scheme === 'file' ? pathOfUrl(named.path) : undefined;
  return path === undefined
    ? pathFinding(named, 'data-missing', message, 'download it, and write the path of the file')
    : { ...pathFinding(named, 'data-missing', message, `write \`${path}\``), replacement: path };
}

function pathOfUrl(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

/** A finding at the setting that names the path. */
export function pathFinding(
  { key }: NamedPath,
  code: DiagnosticCode,
  message: string,
  hint?: string,
): Finding {
  return { code, message, at: [key], ...(hint === undefined ? {} : { hint }) };
}

async function unreadable(named: NamedPath, absolute: string, kind: PathKind): Promise<Finding | undefined> {
  const mode = kind === 'folder' ? constants.R_OK | constants.X_OK : constants.R_OK;
  try {
    await access(absolute, mode);
    return undefined;
  } catch (error) {
    return pathFinding(
      named,
      'data-missing',
      `you have no permission to read \`${shownName(named.path)}\` (${errorCode(error)})`,
      permissionHint(shownName(named.path), kind),
    );
  }
}

/** Where the path leads, and what exists there. */
async function whereItWas(
  { path }: NamedPath,
  absolute: string,
  kinds: readonly PathKind[],
): Promise<string> {
  if (/^~(?=\/|$)/.test(path)) return 'write your home folder in full: `~` is not expanded here';
  if (/[*?]/.test(path)) return '`*` and `?` are not expanded here: name one file or folder';
  const parent = (await kindOf(absolute)) === 'folder' ? absolute : resolve(absolute, '..');
  const names = await visibleNames(parent, kinds);
  if (names.length === 0) return `relative paths start at the file that names them: this is \`${absolute}\``;
  const listed = names.slice(0, LISTED).map((name) => `\`${shownName(name)}\``);
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  return `\`${parent}\` holds ${listed.join(', ')}${more}`;
}

/** A plugin's type with a check of its files before it runs, which reports problems at the settings that hold the paths. */
export function withFileCheck(node: NodeDefinition): NodeDefinition {
  if (node.files === undefined) return node;
  return {
    ...node,
    async inspect(settings, folder) {
      const own = await node.inspect?.(settings, folder);
      const missing: Finding[] = [];
      for (const path of node.files?.(settings) ?? []) {
        const key = Object.keys(settings).find((each) => settings[each] === path);
        const found = await missingFile({ path, folder, key: key ?? 'type' }, ['file', 'folder']);
        if (found !== undefined) missing.push(key === undefined ? { ...found, at: [] } : found);
      }
      return missing.length === 0 ? own : { ...own, findings: [...missing, ...(own?.findings ?? [])] };
    },
    analyze(context) {
      // `inspect` above adds findings unknown to the plugin's own `analyze`.
      for (const finding of context.inspected?.findings ?? []) {
        if (finding.code === 'data-missing') context.report(finding);
      }
      return node.analyze(context);
    },
  };
}
