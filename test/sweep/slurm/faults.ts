/** What may befall a sweep by Slurm: `npm run test:slurm`. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readEngineRecord } from '../../../src/engine/tensorflow/location.ts';
import { rig, type Finished, type Rig } from '../../rig.ts';
import { fingerprint, QUICK, readTrials, TRAINED } from '../rig.ts';
import { Cluster, whyNoSlurm } from './cluster.ts';
import { atTerminal, LONG, statesBy, untilStates } from './rig.ts';

const skip = whyNoSlurm();

/** Trainings of some seconds, one a job. */
const SLOW = TRAINED.replace('epochs: 2 }', 'epochs: 40 }').replace(
  'replicates: 2',
  'replicates: 1\n  launcher: { kind: slurm, trials_per_job: 1 }',
);

/** The end of one of the first epochs, as a member of the array tells it. */
const AN_EPOCH = /"epoch":\d/;

describe('faults of Slurm', { skip: skip ?? false }, () => {
  const cluster = new Cluster();
  before(() => cluster.start());
  after(() => cluster.stop());

  const events = (rigged: Rig, member: number): string => {
    const file = `outputs/tiny/sweep.slurm/events/${member}.jsonl`;
    return rigged.exists(file) ? rigged.read(file) : '';
  };

  /** Sweeps `SLOW` here and by Slurm, where it waits until both trainings are under way. */
  async function begun(rigged: Rig): Promise<void> {
    rigged.write('tiny.yaml', SLOW);
    const here = await rigged.run(['sweep', 'tiny.yaml', '--on', 'local', '-o', 'here/outputs']);
    assert.equal(here.code, 0, here.stderr);
    const submitted = await rigged.run(['sweep', 'tiny.yaml'], { env: cluster.env });
    assert.equal(submitted.code, 0, submitted.stderr);
    await cluster.until(
      () => [0, 1].some((member) => AN_EPOCH.test(events(rigged, member))),
      'training',
      60_000,
    );
  }

  function assertSame(rigged: Rig, collected: Finished): void {
    assert.equal(collected.code, 0, collected.stderr);
    assert.equal(readTrials(rigged, 'tiny').length, 2);
    assert.deepEqual(fingerprint(rigged, 'tiny'), fingerprint(rigged, 'tiny', 'here/outputs'));
  }

  /** Disturbs `SLOW` while it trains and is followed, which must go on to the end, and to the bits of a local run. */
  async function disturbed(rigged: Rig, disturb: () => Promise<void>): Promise<Finished> {
    await begun(rigged);
    const followed = rigged.run(['sweep', 'tiny.yaml', '--wait'], { env: cluster.env });
    await disturb();
    const collected = await followed;
    assertSame(rigged, collected);
    return collected;
  }

  test('a job that is requeued goes on from its last epoch', async (t) => {
    const rigged = rig(t);
    await disturbed(rigged, async () => {
      for (const job of cluster.jobs('RUNNING')) cluster.ask('scontrol', ['requeue', job]);
      const restarted = (): boolean => /Restarts=[1-9]/.test(cluster.ask('scontrol', ['show', 'job']));
      await cluster.until(restarted, 'job that is started again');
    });
    const again = [0, 1].flatMap((member) =>
      events(rigged, member)
        .split(/^.*"trial-started".*$/m)
        .slice(2),
    );
    assert.ok(again.some((text) => /"restored":true/.test(text)));
  });

  test('kill -9 of slurmctld while jobs run: they go on, and so does who follows them', async (t) => {
    await disturbed(rig(t), async () => {
      await cluster.untilSaved();
      await cluster.killDaemon('slurmctld');
      // Longer than it takes until someone asks.
      await sleep(7000);
      await cluster.startDaemon('slurmctld');
    });
  });

  test('slurmctld forgets the jobs: the next start runs what is lost, by jobs with the same numbers', async (t) => {
    const rigged = rig(t);
    await begun(rigged);
    const before = cluster.jobs('RUNNING').map((job) => job.split('_')[0]);
    await cluster.killDaemon('slurmctld');
    cluster.forgetJobs();
    await cluster.startDaemon('slurmctld');
    await untilStates(
      rigged,
      cluster,
      'tiny.yaml',
      ({ failed = 0, done = 0 }) => failed > 0 && failed + done === 2,
    );
    const submitted = await rigged.run(['sweep', 'tiny.yaml'], { env: cluster.env });
    assert.equal(submitted.code, 0, submitted.stderr);
    assert.ok(cluster.jobs('all').some((job) => Number(job.split('_')[0]) <= Number(before[0])));
    assertSame(rigged, await rigged.run(['sweep', 'tiny.yaml', '--wait'], { env: cluster.env }));
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
    const { code, stderr } = await rigged.run(
      ['sweep', 'quick.yaml', '--on', 'slurm', '--wait', '--trials-per-job', '6'],
      {
        env: cluster.env,
        steps: [{ when: /does not answer/, act: () => void cluster.startDaemon('slurmctld') }],
      },
    );
    assert.equal(code, 0, stderr);
  });

  test('Ctrl-C on a terminal asks, and does as it is told', async (t) => {
    const rigged = rig(t);
    rigged.write('long.yaml', LONG);
    const args = ['sweep', 'long.yaml', '--on', 'slurm', '--wait'];
    const left = await atTerminal(rigged, cluster, args, [
      [/latent_size/, '\x03'],
      [/Cancel the jobs/, '\r'],
    ]);
    assert.match(left, /--status/);
    assert.ok(cluster.jobs('all').length > 0);
    await atTerminal(rigged, cluster, args, [
      [/latent_size/, '\x03'],
      [/Cancel the jobs/, 'y\r'],
    ]);
    // A job that is cancelled while it starts is told again only after a minute or two.
    await cluster.until(() => cluster.jobs('all').length === 0, 'end of the jobs', 150_000);
    assert.deepEqual(await statesBy(rigged, cluster, 'long.yaml'), { failed: 2 });
  });

  test('jobs on a node without the engine install it once, under a lock', async (t) => {
    const rigged = rig(t);
    const record = await readEngineRecord();
    assert.ok(record !== undefined, 'no engine here');
    const env = {
      ...cluster.env,
      HOME: rigged.path('home'),
      HOURGLASS_CACHE: undefined,
      XDG_CACHE_HOME: undefined,
      HOURGLASS_ENGINE_DIR: dirname(record.addon),
    };
    rigged.write('tiny.yaml', SLOW.replace('epochs: 40 }', 'epochs: 2 }'));
    assert.equal((await rigged.run(['run', 'tiny.yaml', 'noisy'])).code, 0);
    const elsewhere = `--sbatch-arg=--export=ALL,HOME=${rigged.path('node')}`;
    const waited = await rigged.run(['sweep', 'tiny.yaml', '--wait', elsewhere], { env });
    assert.equal(waited.code, 0, waited.stderr);
    assert.equal(rigged.exists('outputs/tiny/sweep.slurm/logs/shared.log'), false);
    for (const home of ['home', 'node']) {
      const [folder, ...others] = readdirSync(rigged.path(home, '.cache/hourglass/engine'));
      assert.deepEqual(others, [], 'a lock, or a draft, was left');
      assert.ok(rigged.exists(`${home}/.cache/hourglass/engine/${folder}/engine.json`));
    }
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
