/** Sweeps as jobs of a real Slurm: the short tests. `npm run test:slurm` adds faults. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { rig } from '../../rig.ts';
import { fingerprint, readTrials, TRAINED } from '../rig.ts';
import { Cluster, whyNoSlurm } from './cluster.ts';
import { FILES, idxFile, LONG, statesBy, untilStates } from './rig.ts';

const skip = whyNoSlurm();

describe('sweeps by Slurm', { skip: skip ?? false }, () => {
  const cluster = new Cluster();
  before(() => cluster.start());
  after(() => cluster.stop());

  test('trials give the same bits as on this machine, and run as submitted', async (t) => {
    const rigged = rig(t);
    rigged.write('tiny.yaml', TRAINED);
    assert.equal((await rigged.run(['sweep', 'tiny.yaml', '-o', 'here/outputs'])).code, 0);
    const waited = await rigged.run(
      ['sweep', 'tiny.yaml', '--on', 'slurm', '--wait', '--trials-per-job', '2'],
      {
        env: cluster.env,
        // Edits after submission apply to the next start.
        steps: [{ when: /4 trials/, act: () => rigged.write('tiny.yaml', 'name: tiny\n') }],
      },
    );
    assert.equal(waited.code, 0, waited.stderr);
    assert.match(waited.stderr, /✔/);
    assert.deepEqual(
      readTrials(rigged, 'tiny').map(({ state }) => state),
      Array(4).fill('done'),
    );
    assert.deepEqual(fingerprint(rigged, 'tiny'), fingerprint(rigged, 'tiny', 'here/outputs'));
    assert.ok(rigged.exists('outputs/tiny/sweep.slurm/logs/shared.log'), 'shared stages have their own job');
    rigged.write('tiny.yaml', TRAINED);
    const again = await rigged.run(['sweep', 'tiny.yaml', '--on', 'slurm', '--wait'], { env: cluster.env });
    assert.match(again.stdout, /nothing to do/);
  });

  test('a failed trial is reported with its cause, the others finish, and the next start continues', async (t) => {
    const rigged = rig(t);
    rigged.write('files.yaml', FILES);
    writeFileSync(rigged.path('a.idx'), idxFile(1));
    writeFileSync(rigged.path('b.idx'), idxFile(10));
    const submitted = await rigged.run(['sweep', 'files.yaml', '--on', 'slurm'], { env: cluster.env });
    assert.equal(submitted.code, 0, submitted.stderr);
    assert.match(submitted.stdout, /--status/);
    const states = await untilStates(
      rigged,
      cluster,
      'files.yaml',
      ({ pending = 0, running = 0 }) => pending + running === 0,
    );
    assert.deepEqual(states, { done: 1, failed: 1 });
    // Collects the results of the jobs, and submits missing trials.
    writeFileSync(rigged.path('a.idx'), idxFile(11));
    const rest = await rigged.run(['sweep', 'files.yaml', '--on', 'slurm', '--wait'], { env: cluster.env });
    assert.equal(rest.code, 0, rest.stderr);
    assert.deepEqual(
      readTrials(rigged, 'files').map(({ state }) => state),
      ['done', 'kept'],
    );
  });

  test('jobs survive Ctrl-C, block other sweeps, and are cancelled on request', async (t) => {
    const rigged = rig(t);
    rigged.write('long.yaml', LONG);
    const waited = await rigged.run(['sweep', 'long.yaml', '--on', 'slurm', '--wait', '-v'], {
      env: cluster.env,
      steps: [{ when: /: started/, act: 'SIGINT' }],
    });
    assert.equal(waited.code, 130, waited.stderr);
    assert.ok(((await statesBy(rigged, cluster, 'long.yaml'))['running'] ?? 0) > 0);
    const other = await rigged.runJson(['sweep', 'long.yaml', '--on', 'local'], { env: cluster.env });
    assert.deepEqual(
      other.json.diagnostics.map(({ code }) => code),
      ['run-locked'],
    );
    assert.equal((await rigged.run(['sweep', 'long.yaml', '--cancel'], { env: cluster.env })).code, 0);
    const states = await untilStates(rigged, cluster, 'long.yaml', ({ failed = 0 }) => failed === 2);
    assert.deepEqual(states, { failed: 2 });
  });
});
