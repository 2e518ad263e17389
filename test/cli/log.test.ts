import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { RunLog } from '../../src/cli/log.ts';
import type { RunEvent } from '../../src/core/event.ts';

function workspace(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-log-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function log(events: readonly RunEvent[]): Promise<readonly string[]> {
  const problems: string[] = [];
  const runLog = new RunLog('1.2.3', (message) => problems.push(message));
  for (const event of events) {
    runLog.write(event);
    await new Promise(setImmediate);
  }
  await runLog.close();
  return problems;
}

function entries(folder: string): readonly Record<string, unknown>[] {
  const lines = readFileSync(join(folder, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function started(folder: string): RunEvent {
  return {
    type: 'run-started',
    pipeline: 'p',
    workspace: folder,
    stages: [{ name: 'denoiser', type: 'train' }],
  };
}

const WORK: readonly RunEvent[] = [
  { type: 'stage-started', stage: 'denoiser' },
  { type: 'stage-progress', stage: 'denoiser', progress: { fraction: 0.2, epoch: 1 } },
  { type: 'stage-progress', stage: 'denoiser', progress: { fraction: 0.5, epoch: 1, epochEnd: true } },
  { type: 'log', level: 'debug', message: 'a detail', stage: 'denoiser' },
  { type: 'diagnostic', diagnostic: { code: 'not-finite', severity: 'error', message: 'loss is NaN' } },
  { type: 'stage-finished', stage: 'denoiser', state: 'failed', seconds: 2 },
  { type: 'run-finished', state: 'failed', seconds: 3 },
];

const FINISHED: RunEvent = { type: 'run-finished', state: 'done', seconds: 0 };
const CACHED: RunEvent = { type: 'stage-finished', stage: 'denoiser', state: 'cached', seconds: 0 };

test('every event of a run, in order, also those before its folder was known', async (t) => {
  const folder = workspace(t);
  const before: RunEvent = { type: 'engine-progress', step: 'installed' };
  assert.deepEqual(await log([before, started(folder), ...WORK]), []);
  const found = entries(folder);
  assert.deepEqual(
    found.map(({ event }) => event),
    [
      'engine-progress',
      'run-started',
      'stage-started',
      'stage-progress',
      'log',
      'diagnostic',
      'stage-finished',
      'run-finished',
    ],
  );
  assert.ok(found.every(({ hourglass, time }) => hourglass === '1.2.3' && typeof time === 'number'));
  const [pinoInfo, pinoError, pinoDebug] = [30, 50, 20];
  assert.deepEqual(
    found.map(({ level }) => level),
    [pinoInfo, pinoInfo, pinoInfo, pinoInfo, pinoDebug, pinoError, pinoError, pinoInfo],
  );
});

test('each run starts a new log, except one with nothing to do', async (t) => {
  const folder = workspace(t);
  await log([started(folder), ...WORK]);
  const count = entries(folder).length;
  await log([started(folder), CACHED, FINISHED]);
  assert.equal(entries(folder).length, count);
  await log([started(folder), ...WORK]);
  assert.equal(entries(folder).length, count);
});

test('a run with nothing to do makes no log', async (t) => {
  const folder = workspace(t);
  await log([started(folder), CACHED, FINISHED]);
  assert.ok(!existsSync(join(folder, 'log.jsonl')));
});

test('a log that cannot be opened is reported once, and stops nothing', async (t) => {
  const folder = workspace(t);
  mkdirSync(join(folder, 'log.jsonl', 'inner'), { recursive: true });
  assert.equal((await log([started(folder), ...WORK])).length, 1);
});

test('a log that cannot grow is reported once, and stops nothing', (t) => {
  const program = `
    import { RunLog } from ${JSON.stringify(new URL('../../src/cli/log.js', import.meta.url).href)};
    const log = new RunLog('1.2.3', (message) => process.stdout.write(message + '\\n'));
    for (const event of ${JSON.stringify([started(workspace(t)), ...WORK])}) {
      log.write(event);
      await new Promise(setImmediate);
    }
    await log.close();
  `;
  // No file of this process may have a byte.
  const { status, stdout } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 0 && exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', program],
    // Measuring coverage would write a file, too.
    { encoding: 'utf8', env: { ...process.env, NODE_V8_COVERAGE: '' } },
  );
  assert.equal(status, 0);
  assert.match(stdout, /^[^\n]*EFBIG[^\n]*\n$/);
});

test(
  'a workspace that cannot be created is a problem, and not waited for',
  { skip: process.platform !== 'linux' },
  async () => {
    assert.equal((await log([started('/proc/hourglass/outputs/p'), ...WORK])).length, 1);
  },
);
