/** A run that was stopped for so long that another took its place writes nothing more. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { rig, TINY, type Rig } from '../rig.ts';

const PATIENT = { timeout: 120_000 };

/** As another process would: the lock is its own from now on. */
function takeOver({ path }: Rig, name: string): void {
  writeFileSync(path('.hourglass/locks/new'), '{}');
  renameSync(path('.hourglass/locks/new'), path(`.hourglass/locks/${name}.lock`));
}

/** All files below a folder, with when they were written. */
function filesIn(folder: string): readonly string[] {
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  // The new owner has its own log: the earlier one now writes to a deleted file.
  return names
    .filter((name) => !name.endsWith('log.jsonl'))
    .map((name) => `${name} ${statSync(join(folder, name)).mtimeMs}`)
    .sort();
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

for (const [command, name] of [
  ['run', 'tiny'],
  ['sweep', 'swept'],
] as const) {
  test(`${command}: frozen, taken over, continued`, PATIENT, async (t) => {
    const rigged = rig(t);
    const sweep = 'sweep: { parameters: { latent_size: [2, 3] } }\n';
    // Only the training is running when it is frozen: a stage that is being published would be completed.
    rigged.write('tiny.yaml', TINY.replace('epochs: 2', 'epochs: 100000').replace(/ {2}digits:.*\n/, ''));
    rigged.write('swept.yaml', rigged.read('tiny.yaml').replace('tiny', 'swept') + sweep);
    let before: readonly string[] = [];
    let workers: readonly number[] = [];
    const freeze = async (pid: number): Promise<void> => {
      while (!existsSync(rigged.path('.hourglass/checkpoints'))) await sleep(50);
      workers = childrenOf(pid);
      for (const each of [pid, ...workers]) process.kill(each, 'SIGSTOP');
      await sleep(200);
      takeOver(rigged, name);
      before = filesIn(rigged.path('outputs'));
      for (const each of [pid, ...workers]) process.kill(each, 'SIGCONT');
    };
    const { code, stderr } = await rigged.run([command, `${name}.yaml`], {
      steps: [{ when: /in parallel|trained/, act: (pid) => void freeze(pid) }],
    });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /\[lock-lost\]/);
    assert.doesNotMatch(stderr, /bug in|ENOENT/);
    assert.deepEqual(filesIn(rigged.path('outputs')), before);
    assert.equal(rigged.read(`.hourglass/locks/${name}.lock`), '{}', 'the other keeps its lock');
    assert.ok(workers.length > 0);
    // Killed, they take a moment.
    while (workers.some(isAlive)) await sleep(50);
  });
}

test('a worker ends by itself while the process that started it is still frozen', PATIENT, async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', TINY.replace('epochs: 2', 'epochs: 100000'));
  // One worker: another one would wait for work, and writes nothing.
  const { code } = await rigged.run(['run', 'tiny.yaml', '-j', '1'], {
    steps: [
      {
        when: /epoch [3-9]\//,
        act: (pid) => {
          const workers = childrenOf(pid);
          process.kill(pid, 'SIGSTOP');
          takeOver(rigged, 'tiny');
          void (async () => {
            while (workers.some(isAlive)) await sleep(50);
            process.kill(pid, 'SIGCONT');
          })();
        },
      },
    ],
  });
  assert.equal(code, 1);
});
