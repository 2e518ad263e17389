/** The metric by which a sweep without one compares its trials. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadChecked } from '../../src/cli/commands/load.ts';
import { rig, TINY } from '../rig.ts';

test('trials are compared by the only evaluation, else by the only stage that finds anomalies', async (t) => {
  const rigged = rig(t);
  const anomalies = '  anomalies: { type: anomaly, model: trained, data: mnist, normal: [0] }\n';
  const metricOf = async (text: string) => {
    rigged.write('tiny.yaml', text);
    const options = { over: ['latent_size=2,4'], trials: true };
    const { located, diagnostics } = await loadChecked(rigged.path('tiny.yaml'), options);
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === 'error'),
      [],
    );
    return located?.pipeline.sweep?.metric;
  };
  const plain = TINY.replace(/ {2}quality[^]*/, '');
  assert.deepEqual(await metricOf(`${TINY}${anomalies}`), { name: 'quality.mse', goal: 'minimize' });
  assert.deepEqual(await metricOf(`${plain}${anomalies}`), { name: 'anomalies.roc_auc', goal: 'maximize' });
  const unknown = await metricOf(`${plain}${anomalies.replace(', normal: [0]', '')}`);
  // Whether a threshold should be high or low, no name tells.
  assert.equal(unknown, undefined);
});
