/** Compares the code with ARCHITECTURE.md and CONTRIBUTING.md. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../src/core/package-root.ts';

interface Import {
  readonly file: string;
  readonly from: string;
  readonly specifier: string;
}

const sourceFiles = readdirSync(join(packageRoot, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({
    path: path.replaceAll('\\', '/'),
    text: readFileSync(join(packageRoot, 'src', path), 'utf8'),
  }));

const imports: readonly Import[] = sourceFiles.flatMap(({ path, text }) =>
  [...text.matchAll(/(?:from\s+|import\s*\(\s*|^import\s+)'([^']+)'/gm)].map((match) => ({
    file: path,
    from: path.split('/')[0] ?? '',
    specifier: match[1] ?? '',
  })),
);

function allowedImports(): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(join(packageRoot, 'ARCHITECTURE.md'), 'utf8');
  const table = text.slice(text.search(/^\| folder +\| may import/m));
  return new Map(
    [...table.matchAll(/^\| `(\w+)` *\|(.*)\|$/gm)].map((row) => [
      row[1] ?? '',
      [...(row[2] ?? '').matchAll(/`(\w+)`/g)].map((cell) => cell[1] ?? ''),
    ]),
  );
}

/** The folder of `src/` that a relative import leads to. */
function targetFolder({ file, specifier }: Import): string {
  return new URL(specifier, `file:///${file}`).pathname.split('/')[1] ?? '';
}

test('folders import only what the table in ARCHITECTURE.md allows', () => {
  const allowed = allowedImports();
  const folders = new Set(sourceFiles.map(({ path }) => path.split('/')[0] ?? ''));
  assert.deepEqual([...allowed.keys()].sort(), [...folders].sort());
  const wrong = imports.filter(
    (item) =>
      item.specifier.startsWith('.') &&
      targetFolder(item) !== item.from &&
      !allowed.get(item.from)?.includes(targetFolder(item)),
  );
  assert.deepEqual(wrong, []);
});

test('no file imports itself through others, also for types', () => {
  const targets = new Map(sourceFiles.map(({ path }) => [path, new Set<string>()]));
  for (const { file, specifier } of imports)
    if (specifier.startsWith('.'))
      targets.get(file)?.add(new URL(specifier, `file:///${file}`).pathname.slice(1));
  // What imports nothing that is left is in no circle.
  for (let before = Infinity; targets.size < before;) {
    before = targets.size;
    for (const [file, own] of targets)
      if (![...own].some((target) => targets.has(target))) targets.delete(file);
  }
  assert.deepEqual([...targets.keys()], []);
});

test('TensorFlow.js is imported by the engine and the layers alone', () => {
  const wrong = imports.filter(
    ({ from, specifier }) => specifier.startsWith('@tensorflow/') && !['engine', 'layers'].includes(from),
  );
  assert.deepEqual(wrong, []);
});

test('only the command line prints', () => {
  const wrong = sourceFiles.filter(
    ({ path, text }) => !path.startsWith('cli/') && /console\.|\\x1b|\\u001b/.test(text),
  );
  assert.deepEqual(
    wrong.map(({ path }) => path),
    [],
  );
});

test('folders are created by a function that fails where Node would try for ever', () => {
  const found = sourceFiles.filter(({ text }) => /mkdir(?:Sync)?\([^;]*recursive: true/.test(text));
  // Of a model: it is below the folder of a stage, which exists.
  assert.deepEqual(
    found.map(({ path }) => path),
    ['layers/save.ts'],
  );
});

test('files stay short enough to be read in one sitting', () => {
  const long = sourceFiles
    .filter(({ path }) => !path.startsWith('schema/generated/'))
    .map(({ path, text }) => ({ path, lines: text.split('\n').length }))
    .filter(({ lines }) => lines > 450);
  assert.deepEqual(long, []);
});
