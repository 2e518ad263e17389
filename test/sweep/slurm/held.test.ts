/** Commands that remove or replace outputs while Slurm has jobs of a sweep. Slurm's commands are scripts here. */
import assert from 'node:assert/strict';
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { rig, type Rig } from '../../rig.ts';
import { QUICK } from '../rig.ts';
import { FakeSlurm } from './fake.ts';

/** A sweep in Slurm: six jobs of two trials, all pending. */
async function submitted(t: TestContext): Promise<{ rigged: Rig; fake: FakeSlurm }> {
  const rigged = rig(t);
  const fake = new FakeSlurm(rigged);
  rigged.write('quick.yaml', QUICK);
  const args = ['sweep', 'quick.yaml', '--on', 'slurm', '--trials-per-job', '2'];
  const { code, stderr } = await rigged.run(args, { env: fake.env });
  assert.equal(code, 0, stderr);
  assert.match(fake.read('queue'), /^42\|5\|PENDING/m);
  return { rigged, fake };
}

const REMOVING = [
  ['clean', 'quick'],
  ['clean', '--cache'],
  ['cache', 'gc', '--max-size', '0'],
  ['sweep', 'quick.yaml'],
] as const;

test('pending and running jobs block commands that remove or replace outputs, and are named', async (t) => {
  const { rigged, fake } = await submitted(t);
  fake.say('queue', fake.read('queue').replace('|PENDING|', '|RUNNING|'));
  for (const args of REMOVING) {
    const { code, json } = await rigged.runJson(args, { env: { ...fake.env, SQUEUE_STATES: 'FAILED' } });
    assert.equal(code, 1, args.join(' '));
    const [problem] = json.diagnostics;
    assert.equal(problem?.code, 'run-locked');
    assert.match(problem.message, /\b42\b/);
    assert.match(problem.hint ?? '', /sweep quick\.yaml --cancel/);
  }
  // So does a sweep whose outputs are on another disk.
  renameSync(rigged.path('outputs'), rigged.path('disk'));
  symlinkSync('disk', rigged.path('outputs'));
  const elsewhere = await rigged.runJson(['cache', 'gc', '--max-size', '0'], { env: fake.env });
  assert.equal(elsewhere.json.diagnostics[0]?.code, 'run-locked');
  assert.ok(rigged.exists('outputs/quick/sweep.slurm/plan.json'));
  const planned = await rigged.run(['clean', 'quick', '--dry-run'], { env: fake.env });
  assert.equal(planned.code, 0, planned.stderr);
});

test('other pipelines, and a plain run of the same one, are not blocked', async (t) => {
  const { rigged, fake } = await submitted(t);
  const run = await rigged.run(['run', 'quick.yaml'], { env: fake.env });
  assert.equal(run.code, 0, run.stderr);
  rigged.write('other.yaml', QUICK.replace('name: quick', 'name: other').replace(/sweep:[^]*/, ''));
  assert.equal((await rigged.run(['run', 'other.yaml'], { env: fake.env })).code, 0);
  assert.equal((await rigged.run(['clean', 'other'], { env: fake.env })).code, 0);
  assert.ok(rigged.exists('outputs/quick/sweep.slurm/plan.json'));
});

test('a submission without remaining jobs blocks nothing', async (t) => {
  const { rigged, fake } = await submitted(t);
  assert.equal((await rigged.run(['sweep', 'quick.yaml', '--cancel'], { env: fake.env })).code, 0);
  const collected = await rigged.run(['cache', 'gc', '--max-size', '0'], { env: fake.env });
  assert.equal(collected.code, 0, collected.stderr);
  assert.equal((await rigged.run(['clean', 'quick'], { env: fake.env })).code, 0);
  assert.equal(rigged.exists('outputs/quick'), false);
});

test('if Slurm does not answer or is missing, nothing is removed, and the hint helps', async (t) => {
  const { rigged, fake } = await submitted(t);
  const refused = async (): Promise<void> => {
    // An empty folder, because the machine may have Slurm installed.
    const env = { PATH: rigged.path('slurm', 'bin') };
    const { code, json } = await rigged.runJson(['clean', 'quick'], { env });
    assert.equal(code, 1);
    assert.deepEqual(
      json.diagnostics.map((each) => each.code),
      ['run-locked'],
    );
    assert.match(json.diagnostics[0]?.hint ?? '', /outputs\/quick\/sweep\.slurm/);
  };
  fake.isAway = true;
  await refused();
  fake.remove();
  await refused();
  rmSync(rigged.path('outputs/quick/sweep.slurm'), { recursive: true });
  assert.equal((await rigged.run(['clean', 'quick'])).code, 0);
});
