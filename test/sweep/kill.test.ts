/** kill -9 of a sweep and of its workers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rig } from '../rig.ts';
import { childrenOf, fingerprint, QUICK, readTrials, storeEntries } from './rig.ts';

test('a sweep killed at many moments ends like an uninterrupted one, nothing done twice, nothing missing', async (t) => {
  const rigged = rig(t);
  rigged.write('quick.yaml', QUICK);
  assert.equal((await rigged.run(['sweep', 'quick.yaml', '-o', 'whole/outputs'])).code, 0);
  const whole = fingerprint(rigged, 'quick', 'whole/outputs');

  let killed = 0;
  for (let moment = 0; moment < 12; moment += 1) {
    const { code } = await rigged.run(['sweep', 'quick.yaml'], {
      onStart: (pid) => {
        // From before the plan is made to after several trials; at each third, a worker instead.
        const timer = setTimeout(
          () => {
            const targets = moment % 3 === 2 ? childrenOf(pid).slice(0, 1) : [pid];
            for (const target of targets) {
              try {
                process.kill(target, 'SIGKILL');
                killed += 1;
              } catch {
                // It has just ended.
              }
            }
          },
          200 + ((moment * 7) % 12) * 75,
        );
        t.after(() => clearTimeout(timer));
      },
    });
    assert.ok(code === null || code === 0, `code ${code}`);
    // Makes the next start do some of it again.
    if (code === 0) await rigged.run(['clean', '--all', '--cache']);
  }
  assert.ok(killed >= 6, `${killed} were killed`);
  assert.equal((await rigged.run(['sweep', 'quick.yaml'])).code, 0);
  assert.deepEqual(fingerprint(rigged, 'quick'), whole);
  const trials = readTrials(rigged, 'quick');
  assert.equal(trials.length, 12);
  const hashes = new Set(trials.flatMap(({ stages }) => Object.values(stages)));
  assert.deepEqual([...storeEntries(rigged)].sort(), [...hashes].sort());
});
