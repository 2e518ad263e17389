import { basename, dirname, join, resolve } from 'node:path';
import { failure } from '../../core/diagnostic.ts';
import { shellWord } from '../../core/shell.ts';
import { exists, fileFailure, makeFolder, writeNew } from '../../files/atomic.ts';
import { EXIT } from '../exit.ts';
import { newFolder, type Files } from '../init/folder.ts';
import type { TemplateName } from '../init/templates.ts';
import { commandLine } from '../program.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `hourglass init`: a folder to work in, with a pipeline that runs. */
export async function init(terminal: Terminal, folder: string, template: TemplateName): Promise<number> {
  if (/\.ya?ml$/i.test(folder))
    throw failure(
      'usage',
      `\`${folder}\` names a file, and \`init\` writes a folder`,
      'name a folder: `hourglass init my-experiment`',
    );
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
    ...(resolve(folder) === process.cwd() ? [] : [`cd ${shellWord(folder)}`]),
    ...next.map((words) => commandLine(words, folder)),
  ];
  terminal.result(
    [`wrote ${paths.length} files to ${folder}`, '', 'Next:', ...steps.map((line) => `  ${line}`)].join('\n'),
  );
  return EXIT.done;
}

/**
 * The files that are to be written: all, but for example pictures where there are pictures already.
 *
 * @throws Failure `usage` if one of the others exists: nothing is overwritten
 */
async function missingIn(folder: string, files: Files): Promise<Files> {
  const hasImages = await exists(join(folder, 'images'));
  const wanted = [...files].filter(([path]) => !hasImages || !path.startsWith('images/'));
  for (const [path] of wanted)
    if (await exists(join(folder, path)))
      throw failure(
        'usage',
        `\`${join(folder, path)}\` exists already, and \`init\` overwrites nothing`,
        'name a new folder: `hourglass init my-experiment`',
      );
  return new Map(wanted);
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await makeFolder(dirname(path));
    await (await writeNew(path, Buffer.from(content))).close();
  } catch (error) {
    throw fileFailure(error, path);
  }
}
