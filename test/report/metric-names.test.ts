import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricName, plainMetric } from '../../src/report/metric-names.ts';

test('a likelihood is stated with the number of its samples, also if that is the default', () => {
  assert.match(metricName('nll', { importance_samples: 5000 }) ?? '', /5,000 samples/);
  assert.match(metricName('nll', {}) ?? '', /100 samples/);
  assert.doesNotMatch(metricName('elbo', { importance_samples: 5000 }) ?? '', /samples/);
});

test('metrics of plugins have no names; those of a split have the name of the metric', () => {
  assert.equal(metricName('sharpness', {}), undefined);
  assert.equal(plainMetric('test_nll'), 'nll');
  assert.equal(plainMetric('testimony'), 'testimony');
});
