/** Identifies text files: tables, or something in place of a table. */
import { convert, pythonName, savez, type Container } from './container.ts';
import { textOf } from './text-chunks.ts';

/** Text: a web page or a pointer downloaded instead of a file, or a table. */
export function identifyText(bytes: Buffer, name: string): Container | undefined {
  const text = textOf(bytes);
  if (/^\s*<(?:!doctype|html|head|\?xml)/i.test(text))
    return {
      name: 'web-page',
      what: 'a web page in place of data',
      hint: 'open the address in a browser, and download the file itself',
    };
  if (text.startsWith('version https://git-lfs.github.com/'))
    return { name: 'git-lfs', what: 'a pointer of Git LFS in place of data', hint: 'run `git lfs pull`' };
  if (/(?!\s)\p{Cc}/u.test(text)) return undefined;
  if (/^\s*(?:\{\s*"|\[\s*[[{"\d-])/.test(text)) return json(text, name);
  const [first = '', second = ''] = text.replace(/^[\r\n]+/, '').split(/\r?\n|\r/);
  if (/^ *[-+]?\d[-+.\de]*(?: +[-+]?\d[-+.\de]*)+ *$/i.test(first))
    return convert(
      { name: 'blanks', what: 'a table with blanks between its numbers' },
      `import numpy as np; ${savez(name, `x_train=np.loadtxt('${name}')`)}`,
      'with `shape`, `train_labels: null` and `test_images: null`',
    );
  if (!/[,;\t]/.test(first) || !/\d/.test(first + second)) return undefined;
  const unusual = listsInCells(first, second, name) ?? decimalCommas(first, second, name);
  if (unusual !== undefined) return unusual;
  return {
    name: 'table',
    what: 'a table as text',
    hint: 'use `source: csv` with `path` and `shape` if each row has the pixels of one image',
  };
}

/** Lists of numbers, or named lists. */
function json(text: string, name: string): Container {
  const arrays = text.trimStart().startsWith('{')
    ? '**{k: np.array(v) for k, v in d.items()}'
    : 'x_train=np.array(d)';
  return convert(
    { name: 'json', what: 'a JSON file' },
    `import json, numpy as np; d = json.load(open('${name}')); ${savez(name, arrays)}`,
  );
}

/** Tables with all pixels of an image in one cell, like FER2013. */
function listsInCells(first: string, second: string, name: string): Container | undefined {
  const cells = second.split(',');
  const place = cells.findIndex((cell) => /^"?\s*\d+(?:\.\d+)?(?: +\d+(?:\.\d+)?){8,}/.test(cell));
  const names = first.split(',').map((cell) => cell.trim());
  const column = pythonName(names[place] ?? '');
  // Only the beginning of a long row is known.
  if (place < 0 || names.length < cells.length || column !== names[place]) return undefined;
  const label = names.find((cell, index) => index !== place && pythonName(cell) === cell);
  const type = cells[place]?.includes('.') === true ? 'float32' : 'uint8';
  const x = `x_train=np.stack([np.array(p.split(), '${type}') for p in d['${column}']])`;
  return convert(
    { name: 'lists', what: `a table whose column \`${column}\` holds all pixels of an image` },
    `import numpy as np, pandas as pd; d = pd.read_csv('${name}'); ${savez(name, label === undefined ? x : `${x}, y_train=d['${label}']`)}`,
    `with \`shape\`${label === undefined ? ', `train_labels: null`' : ''} and \`test_images: null\``,
  );
}

/** Numbers with decimal commas, as in much of Europe. */
function decimalCommas(first: string, second: string, name: string): Container | undefined {
  const separator = [';', '\t'].find((each) => first.includes(each));
  if (separator === undefined) return undefined;
  const row = (second === '' ? first : second).split(separator);
  if (!row.some((cell) => /^\s*-?\d+,\d+\s*$/.test(cell))) return undefined;
  const hasNames = !first.split(separator).every((cell) => /^\s*-?\d+(?:,\d+)?\s*$/.test(cell));
  const [header, shown] = hasNames ? ['', ''] : [', header=None', ', header=False'];
  const target = `${name.replace(/(?<=.)(?:\.[a-z]\w*){1,2}$/i, '')}-points.csv`;
  return {
    name: 'decimal-commas',
    what: 'a table with commas in its decimal numbers',
    hint: `write points in Python, \`import pandas as pd; pd.read_csv('${name}', sep='${separator === ';' ? ';' : '\\t'}', decimal=','${header}).to_csv('${target}', index=False${shown})\`, and use \`source: csv\` with \`path: ${target}\``,
  };
}
