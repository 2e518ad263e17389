/** Disks and processes that fail while archives are checked: a failure affects only its archive. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorsOf } from '../../src/core/diagnostic.ts';
import { isAlive } from '../../src/files/process.ts';
import { writeZip } from '../../src/submission/zip-write.ts';
import { HOURGLASS, rig, type Rig } from '../rig.ts';
import { consistent, listed, type Files } from './archives.ts';

const zipped = async (files: Files): Promise<Buffer> =>
  Buffer.from(await writeZip([...files].map(([path, data]) => ({ path, data }))));

let small: Buffer;
let huge: Buffer;
before(async () => {
  small = await zipped(consistent());
  huge = await zipped(listed({ 'notes.bin': randomBytes(2 ** 22) }));
});

interface Document {
  readonly status: string;
  readonly archives?: readonly {
    readonly file: string;
    readonly result: string;
    readonly diagnostics: readonly { readonly code: string; readonly severity: string }[];
  }[];
}

/** For each archive: `ok`, or the result and the error codes. */
function verdictsOf(stdout: string): readonly string[] {
  const { archives = [] } = JSON.parse(stdout) as Document;
  return archives.map(({ result, diagnostics }) => {
    const codes = errorsOf(diagnostics).map(({ code }) => code);
    return [result, ...new Set(codes)].join(' ');
  });
}

/** Runs `verify` with a private `TMPDIR` of one megabyte. */
function onSmallDisk(
  { path }: Rig,
  prepare: string,
  archives: readonly string[],
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  mkdirSync(path('tmp'), { recursive: true });
  const script = `mount -t tmpfs -o size=1m none tmp && ${prepare} && TMPDIR="$PWD/tmp" exec "$@"`;
  return spawnSync(
    'unshare',
    [
      ...['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh'],
      ...[process.execPath, ...HOURGLASS, 'verify', ...archives, '--level', 'hashes', '--json', '-j', '2'],
    ],
    { cwd: path('.'), encoding: 'utf8' },
  );
}

const mount = ['--user', '--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'];
const skip = spawnSync('unshare', mount).status === 0 ? false : 'a file system cannot be mounted here';

function three(t: TestContext): Rig {
  const rigged = rig(t);
  rigged.write('a.zip', small);
  rigged.write('huge.zip', huge);
  rigged.write('b.zip', small);
  return rigged;
}

test('an archive that does not fit on the disk does not affect the verdicts on others', { skip }, (t) => {
  const rigged = three(t);
  const { status, stdout } = onSmallDisk(rigged, 'true', ['a.zip', 'huge.zip', 'b.zip']);
  assert.deepEqual([status, verdictsOf(stdout)], [1, ['ok', 'unchecked disk-full', 'ok']]);
});

test(
  'a full, read-only or missing temporary folder is reported, and blames no archive',
  { skip },
  async (t) => {
    const rigged = three(t);
    const archives = ['a.zip', 'b.zip'];
    const full = onSmallDisk(rigged, 'cat /dev/zero > tmp/filler 2>/dev/null || true', archives);
    assert.deepEqual(
      [full.status, verdictsOf(full.stdout)],
      [1, ['unchecked disk-full', 'unchecked disk-full']],
    );
    const closed = onSmallDisk(rigged, 'mount -o remount,ro tmp', archives);
    const refused = ['unchecked output-not-writable', 'unchecked output-not-writable'];
    assert.deepEqual([closed.status, verdictsOf(closed.stdout)], [1, refused]);
    const missing = await rigged.run(['verify', ...archives, '--level', 'hashes', '--json'], {
      env: { TMPDIR: rigged.path('none') },
    });
    assert.deepEqual([missing.code, verdictsOf(missing.stdout)], [1, refused]);
  },
);

test('a folder among the archives is a usage error', async (t) => {
  const rigged = three(t);
  mkdirSync(rigged.path('folder'));
  const { code, json } = await rigged.runJson(['verify', 'a.zip', 'folder', '--level', 'hashes']);
  assert.deepEqual([code, json.diagnostics.map((each) => each.code)], [2, ['file-unreadable']]);
});

test('a pattern that the shell leaves as it is stands for the archives, as on Windows', async (t) => {
  const rigged = three(t);
  rigged.write('notes.txt', 'no archive');
  const checked = async (word: string): Promise<readonly string[]> => {
    const { stdout } = await rigged.run(['verify', word, '--level', 'hashes', '--json']);
    return (JSON.parse(stdout) as Document).archives?.map(({ file }) => file) ?? [];
  };
  const all = readdirSync(rigged.folder).filter((name) => name.endsWith('.zip'));
  assert.ok(all.length > 1);
  assert.deepEqual(await checked('*.zip'), all.toSorted());
  assert.deepEqual(await checked('a*.zip'), ['a.zip']);
  assert.deepEqual(await checked('*.tar'), []);
});

test('a checker ends when its parent is killed, and its folder is removed at the next start', async (t) => {
  const rigged = rig(t);
  mkdirSync(rigged.path('tmp'));
  const env = { TMPDIR: rigged.path('tmp') };
  const plugin = `import { writeFileSync } from 'node:fs';
writeFileSync(${JSON.stringify(rigged.path('started'))}, String(process.pid));
for (;;);
export default {};\n`;
  const files = listed(
    { 'pipeline/plugin.mjs': plugin },
    'name: p\nplugins: [./plugin.mjs]\nstages: { mnist: { type: dataset, source: mnist } }\n',
  );
  rigged.write('busy.zip', await zipped(files));
  rigged.write('a.zip', small);
  const args = ['--level', 'hashes', '--allow-plugins'];
  const killed = rigged.run(['verify', 'busy.zip', ...args], {
    env,
    onStart: (pid) => void killOnceThere(rigged.path('started'), pid),
  });
  assert.equal((await killed).code, null);
  const checker = Number(readFileSync(rigged.path('started'), 'utf8'));
  for (let tries = 0; tries < 600 && isAlive(checker); tries += 1) await sleep(50);
  assert.equal(isAlive(checker), false);
  assert.equal(readdirSync(rigged.path('tmp')).length, 2);
  assert.equal((await rigged.run(['verify', 'a.zip', ...args], { env })).code, 0);
  assert.deepEqual(readdirSync(rigged.path('tmp')), []);
});

async function killOnceThere(path: string, pid: number): Promise<void> {
  while (!existsSync(path) || readFileSync(path, 'utf8') === '') await sleep(20);
  process.kill(pid, 'SIGKILL');
}
