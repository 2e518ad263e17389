/** How trials of jobs end: the places of errors, lost trials, and the time limit. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { rig, type Finished, type Rig } from '../../rig.ts';
import { readTrials } from '../rig.ts';
import { FakeSlurm } from './fake.ts';

/** Two trials without TensorFlow. The second one fails in its last stage. */
const FEW = `name: few
params: { share: 0.5 }
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 16, test: 8 } }
  part:
    type: subset
    data: mnist
    share: "\${params.share}"
sweep:
  parameters: { share: [0.5, 0.001] }
`;

interface Standing {
  readonly counts: Readonly<Record<string, number>>;
  readonly trials: readonly {
    readonly state: string;
    readonly problem?: string;
    readonly requeues?: number;
  }[];
  readonly diagnostics: readonly {
    readonly file?: string;
    readonly line?: number;
    readonly column?: number;
  }[];
}

const SUBMIT = ['sweep', 'few.yaml', '--on', 'slurm', '--trials-per-job', '2'];

class Faked {
  readonly rigged: Rig;
  readonly fake: FakeSlurm;

  constructor(t: TestContext) {
    this.rigged = rig(t);
    this.fake = new FakeSlurm(this.rigged);
    this.rigged.write('few.yaml', FEW);
  }

  async submitted(...args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.rigged.run([...SUBMIT, ...args], { env: this.fake.env });
    assert.equal(code, 0, stderr);
  }

  /** What the only job does, as Slurm would start it. */
  job(env: Readonly<Record<string, string>> = {}): Promise<Finished> {
    const { id } = JSON.parse(this.rigged.read('outputs/few/sweep.slurm/plan.json')) as { id: string };
    const args = ['sweep-member', this.rigged.path('outputs/few/sweep.slurm'), id, '0'];
    return this.rigged.run(args, { env: { ...this.fake.env, ...env } });
  }

  async status(): Promise<Standing> {
    const { stdout } = await this.rigged.run(['sweep', 'few.yaml', '--status', '--json'], {
      env: this.fake.env,
    });
    return JSON.parse(stdout) as Standing;
  }
}

test('an error in a job has its line in the file as submitted', async (t) => {
  const faked = new Faked(t);
  const { rigged } = faked;
  await faked.submitted();
  assert.equal((await faked.job()).code, 0);
  const there = await faked.status();
  assert.deepEqual(there.counts, { done: 1, failed: 1 });
  const [found, ...others] = there.diagnostics;
  assert.deepEqual(others, []);
  assert.deepEqual([found?.file, found?.line, found?.column], ['few.yaml', 5, 3]);
  rigged.write('few.yaml', `# Edited since.\n${FEW}`);
  const [edited] = (await faked.status()).diagnostics;
  assert.notEqual(edited?.file, 'few.yaml');
  assert.deepEqual([edited?.line, edited?.column], [5, 3]);
});

test('a trial whose job Slurm ended is shown as failed, with the reason, in all outputs', async (t) => {
  const faked = new Faked(t);
  const { rigged, fake } = faked;
  await faked.submitted();
  const [pending] = fake.read('queue').split('\n');
  const logs = 'outputs/few/sweep.slurm/logs/0.log';
  const log = (text: string): void => writeFileSync(rigged.path(logs), text);
  const problems = async (): Promise<readonly (string | undefined)[]> => {
    const { counts, trials } = await faked.status();
    assert.deepEqual(counts, { failed: 2 });
    return [...new Set(trials.map(({ problem }) => problem))];
  };
  const cases = [
    ['queue', 'OUT_OF_MEMORY'],
    ['queue', 'NODE_FAIL'],
    ['accounts', 'TIMEOUT'],
  ] as const;
  for (const [from, state] of cases) {
    fake.say('queue', '');
    const [id, index, , name] = pending?.split('|') ?? [];
    fake.say(
      from,
      from === 'queue' ? `${id}|${index}|${state}|${name}\n` : `${id}_${index}|${state}|${name}\n`,
    );
    const [problem, ...others] = await problems();
    assert.match(problem ?? '', new RegExp(state));
    assert.deepEqual(others, []);
  }
  for (const name of ['queue', 'accounts']) fake.say(name, '');
  log('slurmstepd: error: Detected 1 oom_kill event in StepId=41.batch.\n');
  assert.match((await problems())[0] ?? '', /OUT_OF_MEMORY/);

  const reported = await rigged.run(['report', 'few'], { env: fake.env });
  assert.equal(reported.code, 0, reported.stderr);
  assert.match(rigged.read('outputs/few/sweep.html'), /OUT_OF_MEMORY/);
  assert.match(rigged.read('outputs/few/sweep.csv'), /failed,"?[^\n]*OUT_OF_MEMORY/);
  assert.deepEqual(
    readTrials(rigged, 'few').map(({ state }) => state),
    ['failed', 'failed'],
  );
  const compared = await rigged.run(['compare', 'few.yaml', '--json'], { env: fake.env });
  assert.match(compared.stdout, /OUT_OF_MEMORY/);

  rmSync(rigged.path(logs));
  assert.doesNotMatch((await problems())[0] ?? '', /OUT_OF_MEMORY/);
  assert.equal((await rigged.run(['sweep', 'few.yaml', '--cancel'], { env: fake.env })).code, 0);
  assert.match((await problems())[0] ?? '', /CANCELLED/);
});

test('a job at its time limit is requeued only while it makes progress', async (t) => {
  const faked = new Faked(t);
  const { fake } = faked;
  await faked.submitted();
  const queue = fake.read('queue');
  const job = (left: string): Promise<Finished> => {
    fake.say('left', left);
    return faked.job({ SLURM_JOB_ID: '41' });
  };
  const requeues = (): number => fake.read('controlled').split('requeue 41\n').length - 1;
  // Without any time, nothing is done. This is allowed once.
  await job('0:00\n');
  assert.equal(requeues(), 1);
  const [first] = (await faked.status()).trials;
  assert.deepEqual([first?.state, first?.requeues], ['pending', 1]);
  await job('0:00\n');
  assert.equal(requeues(), 1);
  fake.say('queue', '');
  const { counts, trials } = await faked.status();
  assert.deepEqual(counts, { failed: 2 });
  assert.match(trials[0]?.problem ?? '', /TIMEOUT/);
  fake.say('queue', queue);
  await job('UNLIMITED\n');
  assert.deepEqual((await faked.status()).counts, { failed: 2 });
});

test('a job that may not or cannot be requeued fails', async (t) => {
  const faked = new Faked(t);
  const { fake } = faked;
  await faked.submitted('--no-requeue');
  assert.match(fake.read('submitted'), /--no-requeue/);
  fake.say('left', '0:00\n');
  await faked.job({ SLURM_JOB_ID: '41' });
  assert.equal(fake.read('controlled'), '');
  assert.deepEqual((await faked.status()).counts, { done: 1, failed: 1 });
});
