/** Outputs folders and the cache beside them: what git and backups see of them, and which runs keep which from working. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { pidNamespace } from '../../src/files/process.ts';
import { rig, TINY } from '../rig.ts';

const VALID = TINY.replace(/^ {2}model:[\s\S]*/m, '');

test('git lists neither outputs nor the cache, and a .gitignore of the user stays', async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', VALID);
  rigged.write('own/.gitignore', '*.png\n');
  for (const outputs of ['outputs', 'own'])
    assert.equal((await rigged.run(['run', 'p.yaml', '-o', outputs])).code, 0);
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: rigged.folder, encoding: 'utf8' });
  git('init', '--quiet');
  const listed = git('status', '--porcelain', '--untracked-files=all').split('\n').filter(Boolean);
  assert.ok(listed.includes('?? p.yaml'));
  assert.ok(!listed.some((line) => /outputs|\.hourglass/.test(line)), listed.join());
  assert.equal(rigged.read('own/.gitignore'), '*.png\n');
  assert.match(rigged.read('.hourglass/CACHEDIR.TAG'), /^Signature: 8a477f597d28d172789f06886806bc55\n/);
  // None of these files is an output, or in the way of any command.
  assert.equal((await rigged.runJson(['run', 'p.yaml'])).json.status, 'unchanged');
  assert.equal((await rigged.run(['cache', 'verify'])).code, 0);
  const { json } = await rigged.runJson(['clean', '--all', '--cache']);
  assert.deepEqual(
    json.outputs.map(({ name, kept }) => [name, kept]),
    [['tiny', []]],
  );
});

test('runs of one name in two outputs folders do not keep each other from working', async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', VALID);
  for (const outputs of ['outputs', 'other'])
    assert.equal((await rigged.run(['run', 'p.yaml', '-o', outputs])).code, 0);
  const owner = { pid: process.pid, host: hostname(), space: pidNamespace(), processStart: '', since: '' };
  const lock = '.hourglass/locks/tiny.lock';
  writeFileSync(rigged.path(lock), JSON.stringify(owner));
  assert.equal((await rigged.run(['run', 'p.yaml'])).code, 1);
  assert.equal((await rigged.run(['clean', 'tiny'])).code, 1);
  assert.equal((await rigged.run(['run', 'p.yaml', '-o', 'other'])).code, 0);
  assert.equal((await rigged.run(['clean', 'tiny', '-o', 'other'])).code, 0);
  assert.equal((await rigged.run(['clean', '--cache', '-o', 'other'])).code, 1, 'the cache is of all');
});
