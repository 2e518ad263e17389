/** A run that gets a signal stops, and leaves no process behind. */
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { rig, TINY, type Rig } from '../rig.ts';

/** Far more epochs than any run here is given. */
const ENDLESS = ['-S', 'params.epochs=100000'];

/** Numbers of the processes that work in a rig's folder. */
function processesIn({ folder }: Rig): readonly string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readlinkSync(`/proc/${entry}/cwd`) === folder;
    } catch {
      return false;
    }
  });
}

/** A killed run's worker ends as soon as it sees that nobody is left to work for. */
async function allGone(rigged: Rig): Promise<void> {
  while (processesIn(rigged).length > 0) await sleep(50);
}

for (const [signal, code, rounds] of [
  ['SIGINT', 130, 3],
  ['SIGTERM', 143, 2],
  ['SIGHUP', 129, 2],
] as const) {
  test(`${signal} at random moments: exit code ${code}, no orphan`, { timeout: 120_000 }, async (t) => {
    const rigged = rig(t);
    rigged.write('tiny.yaml', TINY);
    for (let round = 0; round < rounds; round++) {
      const moment = round === 0 ? /mnist/ : new RegExp(`trained: .*epoch ${round * 3}/`);
      const stopped = await rigged.run(['run', 'tiny.yaml', '--force', ...ENDLESS], {
        steps: [
          {
            when: moment,
            act: (pid) => void setTimeout(() => process.kill(pid, signal), Math.random() * 100),
          },
        ],
      });
      assert.equal(stopped.code, code, stopped.stderr);
      assert.deepEqual(processesIn(rigged), []);
    }
  });
}

test('a second signal ends it at once, and takes the worker along', { timeout: 60_000 }, async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', TINY);
  const stopped = await rigged.run(['run', 'tiny.yaml', ...ENDLESS], {
    steps: [
      { when: /trained: .*epoch 3\//, act: 'SIGINT' },
      { when: /stopping/, act: 'SIGINT' },
    ],
  });
  assert.equal(stopped.code, 130);
  await allGone(rigged);
});

test('a worker does not outlive a run that was killed', { timeout: 60_000 }, async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', TINY);
  const stopped = await rigged.run(['run', 'tiny.yaml', ...ENDLESS], {
    steps: [{ when: /trained: .*epoch 3\//, act: 'SIGKILL' }],
  });
  assert.equal(stopped.code, null);
  await allGone(rigged);
});
