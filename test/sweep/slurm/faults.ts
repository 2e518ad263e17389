/** What may befall a sweep by Slurm: `npm run test:slurm`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { rig, type Rig } from '../../rig.ts';
import { fingerprint, QUICK, readTrials, TRAINED } from '../rig.ts';
import { Cluster, whyNoSlurm } from './cluster.ts';
import { statesBy, untilStates } from './rig.ts';

const skip = whyNoSlurm();

/** Trainings of some seconds, one a job. */
const SLOW = TRAINED.replace('epochs: 2 }', 'epochs: 40 }').replace(
  'replicates: 2',
  'replicates: 1\n  launcher: { kind: slurm, trials_per_job: 1 }',
);

describe('faults of Slurm', { skip: skip ?? false }, () => {
  const cluster = new Cluster();
  before(() => cluster.start());
  after(() => cluster.stop());

  /** Submits `SLOW`, waits until it trains, disturbs it, and compares what comes of it with a local run. */
  async function disturbed(rigged: Rig, disturb: () => Promise<void>): Promise<void> {
    rigged.write('tiny.yaml', SLOW);
    const here = await rigged.run(['sweep', 'tiny.yaml', '--on', 'local', '-o', 'here/outputs']);
    assert.equal(here.code, 0, here.stderr);
    const submitted = await rigged.run(['sweep', 'tiny.yaml'], { env: cluster.env });
    assert.equal(submitted.code, 0, submitted.stderr);
    const epochs = (): boolean =>
      [0, 1].some((member) => {
        const file = `outputs/tiny/sweep.slurm/events/${member}.jsonl`;
        return rigged.exists(file) && /"epoch":\d\d/.test(rigged.read(file));
      });
    await cluster.until(epochs, 'training', 60_000);
    await disturb();
    await untilStates(rigged, cluster, 'tiny.yaml', ({ done = 0 }) => done === 2);
    const collected = await rigged.run(['sweep', 'tiny.yaml', '--wait'], { env: cluster.env });
    assert.equal(collected.code, 0, collected.stderr);
    assert.deepEqual(fingerprint(rigged, 'tiny'), fingerprint(rigged, 'tiny', 'here/outputs'));
  }

  test('a job that is requeued goes on from its last epoch', async (t) => {
    const rigged = rig(t);
    await disturbed(rigged, async () => {
      const jobs = cluster.ask('squeue', ['-h', '-t', 'RUNNING', '-o', '%i']).trim().split('\n');
      for (const job of jobs) cluster.ask('scontrol', ['requeue', job]);
      const restarted = (): boolean => /Restarts=[1-9]/.test(cluster.ask('scontrol', ['show', 'job']));
      await cluster.until(restarted, 'job that is started again');
    });
    const logs = [0, 1].map((member) =>
      readFileSync(rigged.path(`outputs/tiny/sweep.slurm/events/${member}.jsonl`), 'utf8'),
    );
    assert.ok(
      logs.some((log) => /"restored":true/.test(log) || (log.match(/trial-started/g) ?? []).length > 1),
    );
  });

  test('kill -9 of slurmctld while jobs run: `--wait` waits, and nothing is lost', async (t) => {
    await disturbed(rig(t), async () => {
      await cluster.killDaemon('slurmctld');
      await cluster.startDaemon('slurmctld');
    });
  });

  test('kill -9 of slurmd while jobs run', async (t) => {
    await disturbed(rig(t), async () => {
      await cluster.killDaemon('slurmd');
      await cluster.startDaemon('slurmd');
    });
  });

  test('a node that is set down and comes back', async (t) => {
    await disturbed(rig(t), async () => {
      const node = cluster.ask('sinfo', ['-h', '-o', '%N']).trim();
      cluster.ask('scontrol', ['update', `NodeName=${node}`, 'State=DOWN', 'Reason=test']);
      await cluster.until(() => /down/.test(cluster.ask('sinfo', ['-h', '-o', '%T'])), 'node that is down');
      cluster.ask('scontrol', ['update', `NodeName=${node}`, 'State=RESUME']);
    });
  });

  test('a sweep is submitted while slurmctld is down for a while', async (t) => {
    const rigged = rig(t);
    rigged.write('quick.yaml', QUICK);
    await cluster.killDaemon('slurmctld');
    const { code, stderr } = await rigged.run(['sweep', 'quick.yaml', '--on', 'slurm', '--wait'], {
      env: cluster.env,
      steps: [{ when: /does not answer/, act: () => void cluster.startDaemon('slurmctld') }],
    });
    assert.equal(code, 0, stderr);
  });

  test('100 tiny trials, none twice, none missing', async (t) => {
    const rigged = rig(t);
    const hundred = QUICK.replace('step: 0.1 }', 'step: 0.01 }')
      .replace('max: 0.6', 'max: 0.59')
      .replace('replicates: 2', 'replicates: 2\n  launcher: { kind: slurm, array_limit: 2 }');
    rigged.write('quick.yaml', hundred);
    const { code, stderr } = await rigged.run(['sweep', 'quick.yaml', '--wait'], { env: cluster.env });
    assert.equal(code, 0, stderr);
    const trials = readTrials(rigged, 'quick');
    assert.equal(trials.length, 100);
    assert.ok(trials.every(({ state }) => state === 'done'));
    assert.deepEqual(await statesBy(rigged, cluster, 'quick.yaml'), { done: 100 });
    const here = await rigged.run(['sweep', 'quick.yaml', '--on', 'local', '-o', 'here/outputs']);
    assert.equal(here.code, 0, here.stderr);
    assert.deepEqual(fingerprint(rigged, 'quick'), fingerprint(rigged, 'quick', 'here/outputs'));
  });
});
