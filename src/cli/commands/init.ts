import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { pathFrom } from '../../core/path.ts';
import { exists, fileFailure, makeFolder, writeNew } from '../../files/atomic.ts';
import { failure } from '../../core/diagnostic.ts';
import { isDeviceName } from '../../core/file-name.ts';
import { packageRoot } from '../../core/package-root.ts';
import { EXIT } from '../exit.ts';
import { commandLine } from '../program.ts';
import { STDOUT, writeNamed } from '../target.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** The pipelines to start from, by the name of the template: paths below `pipelines/`. */
const TEMPLATES = { denoising: 'quickstart', autoencoder: 'coursework/mnist-autoencoder' } as const;

export type Template = keyof typeof TEMPLATES;

/** `hourglass init`: a pipeline that comes with Hourglass, under a name of the user's own. */
export async function init(terminal: Terminal, file: string, template: Template): Promise<number> {
  const source = TEMPLATES[template];
  const original = await readFile(join(packageRoot, 'pipelines', `${source}.yaml`), 'utf8');
  if (file === STDOUT) {
    await writeNamed(file, rename(original, source, 'pipeline.yaml'));
    return EXIT.done;
  }
  const text = rename(original, source, file);
  if (await exists(file))
    throw failure('usage', `\`${file}\` is there already`, 'name another file: `hourglass init FILE`');
  try {
    await makeFolder(dirname(file));
    await (await writeNew(file, Buffer.from(text))).close();
  } catch (error) {
    throw fileFailure(error, file);
  }
  const next = [commandLine(['check', file]), commandLine(['run', file])];
  if (terminal.options.json) terminal.result(JSON.stringify({ status: 'done', file, next }, null, 2));
  else terminal.result([`wrote ${file}`, '', 'Next:', ...next.map((line) => `  ${line}`)].join('\n'));
  return EXIT.done;
}

/** Puts the user's file in the place of the original, in the settings and in the comments. */
function rename(text: string, source: string, file: string): string {
  const place = schemaFor(file);
  const name = nameFrom(file);
  return text
    .replace(/^# yaml-language-server: .*\r?\n/, () =>
      place === undefined ? '' : `# yaml-language-server: $schema=${place}\n`,
    )
    .replace(/^name: \S+/m, () => `name: ${name}`)
    .replaceAll(`hourglass run pipelines/${source}.yaml`, () => commandLine(['run', file]))
    .replaceAll(`outputs/${basename(source)}/`, () => `outputs/${name}/`);
}

/**
 * Where the schema for editors is, seen from a file. Undefined if that would name folders of this machine: Hourglass then lies
 * neither around the file nor in the present folder.
 */
function schemaFor(file: string): string | undefined {
  const folder = dirname(resolve(file));
  const isWithin = (path: string, root: string): boolean => `${path}${sep}`.startsWith(`${root}${sep}`);
  const project = process.cwd();
  const isNear =
    isWithin(folder, packageRoot) || (isWithin(packageRoot, project) && isWithin(folder, project));
  if (!isNear) return undefined;
  return pathFrom(folder, join(packageRoot, 'schemas', 'pipeline.schema.json'));
}

/** A pipeline's name from a file's: what names may hold, else `-`. */
function nameFrom(file: string): string {
  const name = basename(file, extname(file))
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^\.+/, '')
    .slice(0, 64)
    .replace(/\.+$/, '');
  return name === '' || isDeviceName(name) ? 'pipeline' : name;
}
