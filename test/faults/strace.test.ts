/** Every system call of the commit path is killed at, and made to fail. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import { commit, look, MARKER, type Sight } from './commit.ts';

const PROGRAM = fileURLToPath(new URL('./commit.js', import.meta.url));
/** One thread accesses files, in the order of the program. */
const ENVIRONMENT = { ...process.env, UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };

/** What changes a file or a name, or says that it cannot; some systems have only the second of a pair. */
const CALLS =
  'openat pwrite64 fsync fdatasync close mkdir mkdirat rename renameat renameat2 link linkat chmod fchmodat utimensat unlink unlinkat rmdir getdents64'.split(
    ' ',
  );
/** Calls that need room on the disk. */
const ALLOCATING = new Set(
  'openat pwrite64 fsync mkdir mkdirat rename renameat renameat2 link linkat'.split(' '),
);

interface Point {
  readonly call: string;
  /** The how manieth of its kind in its thread. */
  readonly when: number;
  /** What it was called with, for messages. */
  readonly line: string;
}

interface Outcome {
  readonly fault: string;
  /** Exit code; null if killed. */
  readonly code: number | null;
  readonly printed: string;
  readonly sight: Sight;
  /** After the same commit once more, undisturbed. */
  readonly next: Sight;
}

const root = mkdtempSync(join(tmpdir(), 'hourglass-faults-'));
after(() => rmSync(root, { recursive: true, force: true }));

const { status } = spawnSync('strace', [
  '-f',
  '--seccomp-bpf',
  '-o',
  '/dev/null',
  process.execPath,
  '--version',
]);
const skip = status === 0 ? false : 'strace is not there, or may not trace here';

let points: readonly Point[] = [];
before(async () => {
  if (skip === false) points = await listPoints();
});

/** Runs the program once undisturbed, and lists the calls of its commit path. */
async function listPoints(): Promise<readonly Point[]> {
  const folder = mkdtempSync(join(root, 'probe-'));
  await commit(folder, 'old');
  const trace = join(root, 'trace');
  const { printed } = await strace(folder, [
    '-o',
    trace,
    '-e',
    `trace=${CALLS.map((call) => `?${call}`).join(',')}`,
  ]);
  assert.equal(printed, 'done');
  const calls = readFileSync(trace, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
      return thread === undefined || call === undefined ? [] : [{ thread, call, line }];
    });
  const marker = calls.findIndex(({ line }) => line.includes(MARKER));
  const thread = calls[marker]?.thread;
  const counts = new Map<string, number>();
  const found: Point[] = [];
  for (const [index, item] of calls.entries()) {
    const when = (counts.get(`${item.thread} ${item.call}`) ?? 0) + 1;
    counts.set(`${item.thread} ${item.call}`, when);
    if (item.thread === thread && index > marker) found.push({ call: item.call, when, line: item.line });
  }
  // A fault hits the given call of every thread: no other may come so far.
  for (const [name, count] of counts) {
    const [other, call] = name.split(' ');
    const first = found.find((point) => point.call === call);
    if (other !== thread && first !== undefined) assert.ok(count < first.when, name);
  }
  return found;
}

function strace(
  folder: string,
  options: readonly string[],
): Promise<{ readonly code: number | null; readonly printed: string }> {
  const args = ['-f', ...options, process.execPath, PROGRAM, folder, 'new'];
  return new Promise((resolve) => {
    const child = execFile('strace', args, { env: ENVIRONMENT, timeout: 60_000 }, (_error, stdout) => {
      resolve({ code: child.exitCode, printed: stdout });
    });
  });
}

/** Lets a fault happen at each of some points, each in a folder of its own that shows the old version. */
async function inject(chosen: readonly Point[], effect: string): Promise<readonly Outcome[]> {
  const limit = pLimit(availableParallelism());
  const outcomes = chosen.map((point) =>
    limit(async (): Promise<Outcome> => {
      const folder = mkdtempSync(join(root, 'fault-'));
      await commit(folder, 'old');
      const { call, when, line } = point;
      const end = await strace(folder, [
        // Which stops at the calls in question only, but sends no signals.
        ...(effect.startsWith('error') ? ['--seccomp-bpf'] : []),
        '-o',
        '/dev/null',
        '-e',
        `trace=${call}`,
        '-e',
        `inject=${call}:${effect}:when=${when}`,
      ]);
      const sight = await look(folder);
      await commit(folder, 'new');
      const next = await look(folder);
      rmSync(folder, { recursive: true, force: true });
      return { fault: `${effect} at ${line.replaceAll(root, '')}`, ...end, sight, next };
    }),
  );
  return Promise.all(outcomes);
}

/** Whatever happened, the old version or the complete new one exists, and the next run needs no help. */
function checkWhole({ fault, sight, next }: Outcome): void {
  assert.deepEqual(sight.torn, [], fault);
  assert.ok(sight.stored.includes('old'), fault);
  assert.deepEqual(next, { torn: [], stored: ['old', 'new'], shown: 'new', leftovers: [] }, fault);
}

test('the points cover the commit path', { skip }, () => {
  const kinds = new Set(points.map(({ call }) => call.replace(/at2?$/, '')));
  for (const kind of ['open', 'pwrite64', 'fsync', 'close', 'mkdir', 'rename', 'link', 'unlink'])
    assert.ok(kinds.has(kind), kind);
  assert.ok(points.length > 100, String(points.length));
});

test(
  'killed at any change of a file or a name, a run leaves old or new files, and the next one ends whole',
  { skip },
  async (t) => {
    const outcomes = await inject(
      // Where nothing changes in between, it does not matter where.
      points.filter(({ call, line }) => !/^(close|getdents64)$/.test(call) && !line.includes('O_RDONLY')),
      'signal=KILL',
    );
    for (const outcome of outcomes) {
      checkWhole(outcome);
      assert.deepEqual([outcome.code, outcome.printed], [null, ''], outcome.fault);
    }
    t.diagnostic(`${outcomes.length} kills`);
  },
);

for (const error of ['EIO', 'ENOSPC'] as const) {
  test(
    `${error} at any system call is an expected failure, or the run ends whole all the same`,
    { skip },
    async (t) => {
      const outcomes = await inject(
        points.filter(
          ({ call, line }) => error === 'EIO' || (ALLOCATING.has(call) && !line.includes('O_RDONLY')),
        ),
        `error=${error}`,
      );
      for (const outcome of outcomes) {
        checkWhole(outcome);
        if (outcome.code === 0) {
          assert.deepEqual([outcome.printed, outcome.sight.shown], ['done', 'new'], outcome.fault);
          // Errors of writing, syncing and renaming are never ignored.
          assert.doesNotMatch(
            outcome.fault,
            /(pwrite64|fsync|rename\w*)\(|O_CREAT|mkdir\w*\(.*= 0/,
            outcome.fault,
          );
        } else {
          assert.equal(outcome.code, 1, outcome.fault);
          const expected = error === 'EIO' ? ['output-not-writable', 'io-failed'] : ['disk-full'];
          assert.ok(expected.includes(outcome.printed ?? ''), `${outcome.fault}: ${outcome.printed}`);
        }
      }
      const failed = outcomes.filter(({ code }) => code === 1).length;
      t.diagnostic(`${outcomes.length} faults, ${failed} of them reported`);
    },
  );
}
