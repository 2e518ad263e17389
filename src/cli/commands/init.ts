import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { errorCode, fileFailure } from '../../artifacts/atomic.ts';
import { failure } from '../../core/diagnostic.ts';
import { packageRoot } from '../../core/package-root.ts';
import { EXIT } from '../exit.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `hourglass init`: the quickstart under a name of the user's own. */
export async function init(terminal: Terminal, file: string): Promise<number> {
  const quickstart = await readFile(join(packageRoot, 'pipelines', 'quickstart.yaml'), 'utf8');
  const name = nameFrom(file);
  const schema = relative(dirname(file), join(packageRoot, 'schemas', 'pipeline.schema.json'))
    .split(sep)
    .join('/');
  const text = quickstart
    .replace(/^# yaml-language-server:.*$/m, `# yaml-language-server: $schema=${schema}`)
    .replace(/^name: \S+/m, `name: ${name}`)
    .replace('npm start', `hourglass run ${file}`)
    .replace('outputs/quickstart/', `outputs/${name}/`);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      throw failure(
        'output-not-writable',
        `\`${file}\` is there already`,
        'name another file: `hourglass init FILE`',
      );
    }
    throw fileFailure(error, file);
  }
  if (terminal.options.json) {
    terminal.result(JSON.stringify({ status: 'done', file }, null, 2));
  } else {
    terminal.result(`wrote ${file}\n\nNext:\n  hourglass check ${file}\n  hourglass run ${file}`);
  }
  return EXIT.done;
}

/** A pipeline's name from a file's: what names may hold, else `-`. */
function nameFrom(file: string): string {
  const name = basename(file, extname(file))
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^\.+/, '')
    .slice(0, 64);
  return name === '' ? 'pipeline' : name;
}
