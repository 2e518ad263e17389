import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Store } from '../../src/artifacts/store.ts';
import { canonicalJson, sha256 } from '../../src/core/json.ts';

const MODULE = new URL('../../src/artifacts/store.js', import.meta.url).href;
const KEY = { type: 'race' };
const HASH = sha256(canonicalJson(KEY));

/** Prepares a draft, says so, waits for a line, commits, and prints the result. Each process writes something else. */
const RACER = `
import { writeFileSync } from 'node:fs';
const { Store } = await import(${JSON.stringify(MODULE)});
const store = new Store(process.argv[1]);
const draft = await store.draft(${JSON.stringify(HASH)}, { replace: false });
writeFileSync(draft.folder + '/data', String(process.pid));
process.stdout.write('ready\\n');
process.stdin.once('data', async () => {
  const entry = await draft.commit({ key: ${JSON.stringify(KEY)}, metrics: {}, highlights: [], seconds: process.pid });
  process.stdout.write(JSON.stringify(entry));
  process.stdin.destroy();
});`;

test('eight processes that race for one key make one entry, and all get it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-race-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const racers = Array.from({ length: 8 }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', RACER, '--', folder]);
    t.after(() => child.kill('SIGKILL'));
    const racer = { child, printed: '', errors: '' };
    child.stdout.on('data', (text: Buffer) => (racer.printed += text.toString()));
    child.stderr.on('data', (text: Buffer) => (racer.errors += text.toString()));
    return racer;
  });
  const ended = racers.map(({ child }) => new Promise((resolve) => child.on('close', resolve)));
  while (racers.some(({ printed, child }) => child.exitCode === null && printed === ''))
    await new Promise((resolve) => setTimeout(resolve, 5));
  for (const { child } of racers) child.stdin.write('go');
  assert.deepEqual(
    await Promise.all(ended),
    racers.map(() => 0),
    racers.map(({ errors }) => errors).join(''),
  );

  const store = new Store(folder);
  assert.deepEqual(await store.hashes(), [HASH]);
  const kept = await store.lookup(HASH);
  assert.ok(kept);
  assert.equal(await store.findCorruptFile(kept), undefined);
  for (const { printed } of racers) assert.deepEqual(JSON.parse(printed.replace('ready\n', '')), kept);
  assert.deepEqual(readdirSync(join(folder, 'tmp')), []);
  assert.deepEqual(readdirSync(folder).sort(), ['store', 'tmp']);
});
