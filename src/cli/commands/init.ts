import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { failure } from '../../core/diagnostic.ts';
import { windowsProblem } from '../../core/file-name.ts';
import { shellWord } from '../../core/shell.ts';
import { exists, fileFailure, makeFolder, writeNew } from '../../files/atomic.ts';
import { EXIT } from '../exit.ts';
import { newFolder, type Files } from '../init/folder.ts';
import type { TemplateName } from '../init/templates.ts';
import { commandLine } from '../program.ts';
import type { Terminal } from '../terminal/terminal.ts';

const ANOTHER_FOLDER = 'name a new folder: `hourglass init my-experiment`';

/** `hourglass init`: writes a folder to work in, with a pipeline that runs. */
export async function init(terminal: Terminal, folder: string, template: TemplateName): Promise<number> {
  if (folder.trim() === '') throw failure('usage', 'the name of the folder is empty', ANOTHER_FOLDER);
  if (/\.ya?ml$/i.test(folder))
    throw failure('usage', `\`${folder}\` names a file, and \`init\` writes a folder`, ANOTHER_FOLDER);
  await checkFolder(folder);
  const { files, next } = await newFolder(template, basename(resolve(folder)));
  const written = await missingIn(folder, files);
  for (const [path, content] of written) await write(join(folder, path), content);
  const paths = [...written.keys()].filter((path) => !path.startsWith('images/'));
  if (paths.length < written.size) paths.push('images/');
  if (terminal.options.json) {
    const calls = next.map((words) => commandLine(words, folder));
    terminal.result(JSON.stringify({ status: 'done', folder, files: paths, next: calls }, null, 2));
    return EXIT.done;
  }
  const steps = [
    ...(resolve(folder) === process.cwd()
      ? []
      : [`cd ${shellWord(folder.startsWith('-') ? `./${folder}` : folder)}`]),
    ...next.map((words) => commandLine(words, folder)),
  ];
  terminal.result(
    [`wrote ${paths.length} files to ${folder}`, '', 'Next:', ...steps.map((line) => `  ${line}`)].join('\n'),
  );
  return EXIT.done;
}

/** @throws Failure if the folder could not be made, or not on Windows */
async function checkFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  if (await exists(path)) {
    if ((await stat(path)).isDirectory()) return;
    throw failure('usage', `\`${folder}\` is a file, and \`init\` writes a folder`, ANOTHER_FOLDER);
  }
  const problem = windowsProblem(basename(path));
  if (problem !== undefined)
    throw failure('reserved-name', `\`${folder}\` cannot be a folder on Windows: ${problem}`, ANOTHER_FOLDER);
}

/**
 * The files to write: all, except example pictures if there are already pictures.
 *
 * @throws Failure `usage` if one of the files exists: nothing is overwritten
 */
async function missingIn(folder: string, files: Files): Promise<Files> {
  const hasImages = await exists(join(folder, 'images'));
  const wanted = [...files].filter(([path]) => !hasImages || !path.startsWith('images/'));
  for (const [path] of wanted)
    if (await exists(join(folder, path)))
      throw failure(
        'usage',
        `\`${join(folder, path)}\` exists already, and \`init\` overwrites nothing`,
        ANOTHER_FOLDER,
      );
  return new Map(wanted);
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await makeFolder(dirname(path));
    await (await writeNew(path, Buffer.from(content))).close();
  } catch (error) {
    throw fileFailure(error, path, ANOTHER_FOLDER);
  }
}
