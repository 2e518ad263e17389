/** Files that options name, for the commands that write them. */
import assert from 'node:assert/strict';
import { existsSync, lstatSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { rig } from '../rig.ts';

test('`-` is stdout, links are followed, and two documents are not mixed', async (t) => {
  const { run, runJson, write, read, path } = rig(t);
  write('a/x.zip', 'no zip file, but long enough for an end record');
  write('b/x.zip', 'no zip file, but long enough for an end record');
  const verify = ['verify', 'a/x.zip', '--level', 'hashes'];
  const csv = await run([...verify, '--csv', '-']);
  assert.equal(csv.code, 3);
  assert.match(csv.stdout, /^file,.*\r\nx\.zip,.*\r\n$/);
  assert.match(csv.stderr, /archive-unsafe/);
  const results = await run([...verify, '--gradescope', '-', '-q']);
  assert.equal((JSON.parse(results.stdout) as { tests: unknown[] }).tests.length, 3);
  assert.equal(results.stderr, '');

  write('marks.csv', 'old');
  symlinkSync('marks.csv', path('link.csv'));
  assert.equal((await run([...verify, 'b/x.zip', '--csv', 'link.csv', '--gradescope', 'g.json'])).code, 3);
  assert.match(read('marks.csv'), /^file,/);
  assert.ok(lstatSync(path('link.csv')).isSymbolicLink());
  // Two archives of one name.
  assert.ok(existsSync(path('g.x.json')) && existsSync(path('g.x-2.json')));

  for (const [code, args] of [
    ['usage', ['--csv', '-', '--gradescope', '-']],
    ['usage', ['--csv', 'one', '--gradescope', 'one']],
    ['usage', ['b/x.zip', '--gradescope', '-']],
    ['output-not-writable', ['--csv', '.']],
    ['output-not-writable', ['--gradescope', 'none/g.json']],
  ] as const) {
    const { stdout, stderr } = await run([...verify, ...args]);
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`\\[${code}\\]`), args.join(' '));
  }
  const mixed = await runJson([...verify, '--csv', '-']);
  assert.deepEqual([mixed.code, mixed.json.diagnostics[0]?.code], [2, 'usage']);
});

test(
  'verdicts are shown though their file cannot be written',
  { skip: !existsSync('/dev/full') },
  async (t) => {
    const { run, runJson, write } = rig(t);
    write('x.zip', 'no zip file, but long enough for an end record');
    const verify = ['verify', 'x.zip', '--level', 'hashes', '--csv', '/dev/full'];
    const { code, stdout, stderr } = await run(verify);
    assert.equal(code, 3);
    assert.match(stdout, /mismatch +x\.zip/);
    assert.match(stderr, /\[disk-full\]/);
    const { json } = await runJson(verify);
    assert.deepEqual(
      json.diagnostics.map((each) => each.code),
      ['disk-full'],
    );
    assert.ok(lstatSync('/dev/full').isCharacterDevice());
  },
);
