import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../src/core/package-root.ts';
import type { FullDisk } from './full-disk.ts';

const PROGRAM = fileURLToPath(new URL('./full-disk.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'hourglass-disk-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command with a file system of 128 KB at `folder`, which only it sees. */
function onSmallDisk(...command: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
} {
  const mount = 'mount -t tmpfs -o size=128k none "$0" && exec "$@"';
  return spawnSync(
    'unshare',
    ['--user', '--map-root-user', '--mount', 'sh', '-c', mount, folder, ...command],
    {
      encoding: 'utf8',
    },
  );
}

const skip = onSmallDisk('true').status === 0 ? false : 'a file system cannot be mounted here';

test(
  'on a full disk, however little is missing, the old files stay and the failure is named',
  { skip },
  () => {
    const { status, stdout } = onSmallDisk(process.execPath, PROGRAM, folder);
    assert.equal(status, 0, stdout);
    const results = JSON.parse(stdout) as readonly FullDisk[];
    for (const { free, printed, sight, next } of results) {
      const message = `${free} pages free: ${printed}`;
      assert.deepEqual(sight.torn, [], message);
      assert.ok(sight.stored.includes('old'), message);
      assert.ok(['disk-full', 'done'].includes(printed), message);
      if (printed === 'done') assert.equal(sight.shown, 'new', message);
      assert.deepEqual(next, { torn: [], stored: ['old', 'new'], shown: 'new', leftovers: [] }, message);
    }
    const full = results.filter(({ printed }) => printed === 'disk-full').length;
    assert.ok(full > 3 && full < results.length, `${full} of ${results.length}`);
  },
);

test('a full disk does not keep outputs from being removed', { skip }, () => {
  const hourglass = join(packageRoot, 'bin', 'hourglass.js');
  const fill = 'mkdir -p outputs/x; echo {} >outputs/x/run.json; cat /dev/zero >outputs/x/report.html';
  const script = `cd "$0"; (${fill}) 2>/dev/null; "$1" "$2" clean --all --cache && ls outputs`;
  const { status, stdout } = onSmallDisk('sh', '-c', script, folder, process.execPath, hourglass);
  assert.equal(status, 0, stdout);
  assert.doesNotMatch(stdout, /^x$/m);
});
