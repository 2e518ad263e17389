import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainStyle } from '../../../src/cli/terminal/style.ts';
import { renderAdvice, renderSummary } from '../../../src/cli/terminal/summary.ts';
import type { RunResult, StageOutcome } from '../../../src/run/types.ts';
import { assertGolden } from '../golden.ts';

function outcome(
  name: string,
  type: string,
  state: StageOutcome['state'],
  more: Partial<StageOutcome> = {},
): StageOutcome {
  return { name, type, state, seconds: 1.25, metrics: {}, highlights: [], ...more };
}

const MNIST = outcome('mnist', 'dataset', 'cached', { metrics: { train_images: 12000 } });
const DENOISER = outcome('denoiser', 'train', 'ran', { seconds: 42, metrics: { loss: 0.0182 } });
const QUALITY = outcome('quality', 'evaluate', 'ran', { metrics: { mse: 0.0174, psnr: 21.9 } });
const FIGURE = outcome('comparison', 'figure', 'ran', {
  highlights: ['comparison/figure.png', 'comparison/figure.svg'],
});

function result(state: RunResult['state'], ...stages: readonly StageOutcome[]): RunResult {
  return { state, workspace: '/outputs/p', stages, results: [], diagnostics: [], seconds: 52.1 };
}

test('all stages with their numbers, then where the figures are', () => {
  assertGolden(
    renderSummary(
      result('done', MNIST, DENOISER, QUALITY, FIGURE),
      { folder: 'outputs/p/', stages: true, report: false, command: 'hourglass run p.yaml' },
      plainStyle,
    ),
    `
      · mnist          cached  train_images 12,000
      ✔ denoiser         42 s  loss 0.01820
      ✔ quality         1.3 s  mse 0.01740, psnr 21.90
      ✔ comparison      1.3 s

      done in 52 s: 3 stages ran, 1 from the cache
        outputs/p/comparison/figure.png
    `,
  );
});

test('if the stages were shown, the summary has only the measured quality', () => {
  assertGolden(
    renderSummary(
      result('done', MNIST, DENOISER, QUALITY),
      { folder: 'outputs/p/', stages: false, report: true, command: 'hourglass run p.yaml' },
      plainStyle,
    ),
    `
      done in 52 s: 2 stages ran, 1 from the cache
        quality: mse 0.01740, psnr 21.90
        outputs/p/report.html
    `,
  );
});

test('nothing to do', () => {
  const text = renderSummary(
    result('unchanged', MNIST, FIGURE),
    { folder: 'outputs/p/', stages: true, report: false, command: 'hourglass run p.yaml' },
    plainStyle,
  );
  assert.equal(text, 'nothing to do: all 2 stages are up to date in outputs/p/');
});

test('a failure says what is kept, and which command continues', () => {
  const failed = result(
    'failed',
    MNIST,
    outcome('denoiser', 'train', 'failed'),
    outcome('quality', 'evaluate', 'skipped'),
  );
  assertGolden(
    renderSummary(
      failed,
      { folder: 'outputs/p/', stages: false, report: true, command: 'hourglass run p.yaml' },
      plainStyle,
    ),
    `
      failed in 52 s: 1 from the cache, 1 failed, 1 not run
        outputs/p/report.html
    `,
  );
  assertGolden(
    renderAdvice(failed, 'hourglass run p.yaml', plainStyle),
    `
      Kept: mnist (1 of 3 stages). To resume:
        hourglass run p.yaml
    `,
  );
  assert.match(renderAdvice(result('interrupted'), 'x', plainStyle), /^No stage/);
});
