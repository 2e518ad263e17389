import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { checkTarget, writeTarget } from '../../src/artifacts/target.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { temporaryFolder } from '../nodes/context.ts';

const code = (promise: Promise<void>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof Failure ? (error.diagnostics[0]?.code ?? '') : String(error)),
  );

test('a file is replaced whole, and nothing is left beside it', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'marks.csv');
  for (const content of ['first', 'the second']) {
    await writeTarget(path, content);
    assert.equal(readFileSync(path, 'utf8'), content);
  }
  assert.deepEqual(readdirSync(folder), ['marks.csv']);
});

test('a link stays a link, whether its target exists or not', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'real'));
  for (const name of ['there', 'to-come']) {
    const [target, middle, link] = ['real', 'middle', 'link'].map((part) =>
      join(folder, part === 'real' ? `real/${name}` : `${part}-${name}`),
    );
    assert.ok(target !== undefined && middle !== undefined && link !== undefined);
    if (name === 'there') writeFileSync(target, 'old');
    symlinkSync(`real/${name}`, middle);
    symlinkSync(middle, link);
    await writeTarget(link, 'new');
    assert.equal(readFileSync(target, 'utf8'), 'new');
    assert.equal(readlinkSync(link), middle);
    assert.equal(readlinkSync(middle), `real/${name}`);
  }
  symlinkSync('circle', join(folder, 'circle'));
  assert.equal(await code(writeTarget(join(folder, 'circle'), 'x')), 'output-not-writable');
});

test(
  'devices and named pipes are written to, not replaced',
  { skip: process.platform === 'win32' },
  async (t) => {
    const folder = temporaryFolder(t);
    const before = lstatSync('/dev/null');
    await writeTarget('/dev/null', 'x');
    assert.equal(lstatSync('/dev/null').ino, before.ino);
    assert.ok(lstatSync('/dev/null').isCharacterDevice());

    const pipe = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
    const received = text(reader.stdout);
    const content = 'line\n'.repeat(50_000);
    await writeTarget(pipe, content);
    assert.equal(await received, content);
    if (reader.exitCode === null) await once(reader, 'exit');
    assert.ok(lstatSync(pipe).isFIFO());
    assert.deepEqual(readdirSync(folder), ['pipe']);
  },
);

test('a full device is a full disk', { skip: !existsSync('/dev/full') }, async (t) => {
  assert.equal(await code(writeTarget('/dev/full', 'x')), 'disk-full');
  assert.ok(lstatSync('/dev/full').isCharacterDevice());
  const link = join(temporaryFolder(t), 'link');
  symlinkSync('/dev/full', link);
  assert.equal(await code(writeTarget(link, 'x')), 'disk-full');
  assert.ok(lstatSync(link).isSymbolicLink());
});

test('an output that cannot be written is reported in the same way before and after the work', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'file'), '');
  for (const path of ['', 'none/x.csv', 'file/x.csv', 'n'.repeat(300)]) {
    assert.equal(await code(checkTarget(join(folder, path))), 'output-not-writable', path);
    assert.equal(await code(writeTarget(join(folder, path), 'x')), 'output-not-writable', path);
  }
  assert.deepEqual(readdirSync(folder), ['file']);
});
