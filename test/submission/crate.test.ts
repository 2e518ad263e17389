/** The archive as an RO-Crate: its structure, and the public validator. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../src/core/package-root.ts';
import { writeZip } from '../../src/submission/zip-write.ts';
import { rig } from '../rig.ts';
import { contents } from './archives.ts';
import { runPlain } from './pipelines.ts';

interface Entity {
  readonly '@id': string;
  readonly '@type': string;
  readonly hasPart?: readonly { readonly '@id': string }[];
}

/** The Python of an environment with the validator, created on first use; the reason if that fails. */
function validator(): { readonly python: string } | { readonly reason: string } {
  const folder = join(packageRoot, '.build', 'roc-validator-0.13.0');
  const python = join(folder, 'bin', 'python');
  const steps = [
    ['python3', '-m', 'venv', folder],
    [python, '-m', 'pip', 'install', '-q', 'roc-validator==0.13.0', 'rocrate==0.16.0'],
    [python, '-c', 'import rocrate_validator, rocrate'],
  ];
  const isThere = existsSync(python) && spawnSync(python, steps[2]?.slice(1)).status === 0;
  for (const [command = '', ...args] of isThere ? [] : steps) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 180_000 });
    if (status !== 0)
      return { reason: `the validator cannot be had: ${error?.message ?? stderr.slice(-300)}` };
  }
  return { python };
}

test('a crate describes every file, and the public validator accepts it', async (t) => {
  const rigged = rig(t);
  await runPlain(rigged, 'übung 1.yaml');
  assert.equal((await rigged.run(['pack', 'übung 1.yaml', '-o', 'good.zip'])).code, 0);
  const files = await contents(rigged.path('good.zip'));
  const text = String(files.get('ro-crate-metadata.json'));
  const { '@graph': graph } = JSON.parse(text) as { '@graph': readonly Entity[] };
  const described = graph
    .filter((entity) => entity['@type'] === 'File')
    .map((entity) => decodeURI(entity['@id']));
  const own = new Set(['manifest.json', 'ro-crate-metadata.json']);
  assert.deepEqual(described.toSorted(), [...files.keys()].filter((path) => !own.has(path)).toSorted());
  const root = graph.find((entity) => entity['@id'] === './');
  assert.equal(root?.hasPart?.length, described.length);

  const found = validator();
  if ('reason' in found) return t.skip(found.reason);
  const broken = new Map(files).set(
    'ro-crate-metadata.json',
    Buffer.from(text.replace('"datePublished"', '"dated"')),
  );
  const bytes = await writeZip([...broken].map(([path, data]) => ({ path, data })));
  writeFileSync(rigged.path('broken.zip'), bytes);
  const script = join(packageRoot, 'test', 'submission', 'validate-crate.py');
  const { stdout, stderr } = spawnSync(found.python, [script, 'good.zip', 'broken.zip'], {
    cwd: rigged.folder,
    encoding: 'utf8',
  });
  const results = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { passed: boolean; issues: readonly { message: string }[] });
  assert.deepEqual(
    results.map(({ passed }) => passed),
    [true, false],
    `${stdout}${stderr}`,
  );
  // The author is recommended, but omitted on purpose.
  for (const { message } of results[0]?.issues ?? []) assert.match(message, /author|publisher/);
});
