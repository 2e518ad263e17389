import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { LiveReporter } from '../../../src/cli/terminal/live.ts';
import { PlainReporter } from '../../../src/cli/terminal/plain.ts';
import { plainStyle } from '../../../src/cli/terminal/style.ts';
import type { Terminal } from '../../../src/cli/terminal/terminal.ts';
import type { Progress, RunEvent } from '../../../src/core/event.ts';
import { assertGolden } from '../golden.ts';

interface Screen {
  readonly terminal: Terminal;
  /** Lines that stay. */
  readonly lines: string[];
  /** The live lines below them. */
  live: string;
}

function screen(columns: number, { verbose = false, unicode = true } = {}): Screen {
  const lines: string[] = [];
  const terminal: Terminal = {
    options: { json: false, quiet: false, verbose, color: false },
    result: () => undefined,
    note: (text) => void lines.push(...text.split('\n')),
    resultStyle: plainStyle,
    noteStyle: plainStyle,
    interactive: true,
    live: true,
    unicode,
    columns: () => columns,
    clear: () => undefined,
  };
  return { terminal, lines, live: '' };
}

function liveOn(
  t: TestContext,
  columns: number,
  unicode = true,
): { readonly shown: Screen; readonly reporter: LiveReporter; wait(seconds: number): void } {
  const shown = screen(columns, { unicode });
  let now = 0;
  const area = Object.assign((text: string) => void (shown.live = text), {
    clear: () => void (shown.live = ''),
    done: () => undefined,
  });
  const reporter = new LiveReporter(shown.terminal, area, () => now);
  t.after(() => reporter.close());
  return { shown, reporter, wait: (seconds) => (now += seconds * 1000) };
}

const STARTED: RunEvent = {
  type: 'run-started',
  pipeline: 'p',
  workspace: '/',
  stages: [
    { name: 'mnist', type: 'dataset' },
    { name: 'denoiser', type: 'train' },
  ],
};

const TRAINING: Progress = {
  fraction: 0.45,
  epoch: 3,
  epochs: 6,
  loss: 0.018234,
  validationLoss: 0.019001,
  samplesPerSecond: 4210.4,
  secondsLeft: 12.3,
};

function finished(stage: string, state: 'ran' | 'cached' | 'failed' | 'skipped'): RunEvent {
  return { type: 'stage-finished', stage, state, seconds: 0.84, metrics: { mse: 0.0174, psnr: 21.98 } };
}

test('a line for each stage at work; finished ones stay above', (t) => {
  const { shown, reporter, wait } = liveOn(t, 110);
  reporter.emit(STARTED);
  reporter.emit(finished('mnist', 'cached'));
  assert.deepEqual(shown.lines, [], 'held back until something runs');
  reporter.emit({ type: 'stage-started', stage: 'denoiser' });
  reporter.emit({ type: 'stage-progress', stage: 'denoiser', progress: TRAINING });
  wait(65);
  reporter.draw();
  assertGolden(
    [...shown.lines, shown.live].join('\n'),
    `
      · mnist        cached  mse 0.01740, psnr 21.98
      ▸ denoiser  1 min 05 s  █████████░░░░░░░░░░░  45%  epoch 3/6, loss 0.01823, val_loss 0.01900, 12 s left
    `,
  );
  reporter.emit(finished('denoiser', 'ran'));
  assert.equal(shown.live, '');
  assert.equal(shown.lines.at(-1), '✔ denoiser      0.8 s  mse 0.01740, psnr 21.98');
});

test('on narrow terminals, less is shown', (t) => {
  const lineAt = (columns: number): string => {
    const { shown, reporter } = liveOn(t, columns);
    reporter.emit(STARTED);
    reporter.emit({ type: 'stage-started', stage: 'denoiser' });
    reporter.emit({ type: 'stage-progress', stage: 'denoiser', progress: TRAINING });
    reporter.draw();
    return shown.live;
  };
  assertGolden(
    [140, 80, 60, 40, 20].map(lineAt).join('\n'),
    `
      ▸ denoiser      0.0 s  █████████░░░░░░░░░░░  45%  epoch 3/6, loss 0.01823, val_loss 0.01900, 4,210 samples/s, 12 s left
      ▸ denoiser      0.0 s  █████░░░░░  45%  epoch 3/6, val_loss 0.01900, 12 s left
      ▸ denoiser      0.0 s   45%  epoch 3/6, 12 s left
      ▸ denoiser      0.0 s  epoch 3/6
      ▸ denoiser      0.…
    `,
  );
});

/** The live line after some epochs. */
function lineAfter(t: TestContext, losses: readonly number[], columns: number, unicode = true): string {
  const { shown, reporter } = liveOn(t, columns, unicode);
  reporter.emit(STARTED);
  reporter.emit({ type: 'stage-started', stage: 'denoiser' });
  losses.forEach((loss, index) => {
    const progress = { ...TRAINING, epoch: index + 1, loss };
    reporter.emit({ type: 'stage-progress', stage: 'denoiser', progress: { ...progress, loss: loss * 2 } });
    reporter.emit({ type: 'stage-progress', stage: 'denoiser', progress: { ...progress, epochEnd: true } });
  });
  reporter.draw();
  return shown.live;
}

test('the loss of finished epochs is a sparkline, where there is room', (t) => {
  const losses = [0.5, 0.2, 0.08, 0.04, 0.03, 0.025];
  assertGolden(
    [120, 80, 60].map((columns) => lineAfter(t, losses, columns)).join('\n'),
    `
      ▸ denoiser      0.0 s  █████████░░░░░░░░░░░  45%  █▆▄▂▁▁  epoch 6/6, loss 0.02500, val_loss 0.01900, 12 s left
      ▸ denoiser      0.0 s   45%  █▆▄▂▁▁  epoch 6/6, val_loss 0.01900, 12 s left
      ▸ denoiser      0.0 s   45%  epoch 6/6, 12 s left
    `,
  );
  // Without Unicode, and of a loss that breaks.
  assert.equal(
    lineAfter(t, [1, 0.5, Number.NaN], 80, false),
    '> denoiser      0.0 s   45%  #_x     epoch 3/6, val_loss 0.01900, 12 s left',
  );
});

test('no line is wider than the terminal', (t) => {
  const progress = fc.record(
    {
      fraction: fc.double({ min: -1, max: 2, noNaN: true }),
      text: fc.string({ unit: 'grapheme' }),
      epoch: fc.nat(),
      epochs: fc.nat(),
      loss: fc.double(),
      validationLoss: fc.double(),
      samplesPerSecond: fc.double({ min: 0, max: 1e9, noNaN: true }),
      secondsLeft: fc.double({ min: 0, max: 1e7, noNaN: true }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(progress, fc.integer({ min: 4, max: 150 }), (told, columns) => {
      const { shown, reporter } = liveOn(t, columns);
      try {
        reporter.emit(STARTED);
        reporter.emit({ type: 'stage-started', stage: 'denoiser' });
        for (const epochEnd of [true, true, false])
          reporter.emit({ type: 'stage-progress', stage: 'denoiser', progress: { ...told, epochEnd } });
        reporter.draw();
        assert.ok([...new Intl.Segmenter().segment(shown.live)].length < columns, shown.live);
        for (const character of ['\n', '\u001b']) assert.ok(!shown.live.includes(character));
      } finally {
        reporter.close();
      }
    }),
    { numRuns: 200 },
  );
});

test('the engine has a line while it is being installed, and one that stays', (t) => {
  const { shown, reporter, wait } = liveOn(t, 100);
  reporter.emit({ type: 'engine-progress', step: 'downloading TensorFlow', fraction: 0.5 });
  wait(14);
  reporter.draw();
  assert.match(shown.live, /engine +14 s +█+░+ +50% +downloading TensorFlow/);
  reporter.emit({ type: 'engine-progress', step: 'tensorflow 2.21.0', done: true });
  assert.deepEqual(shown.lines, ['✔ engine       14 s  tensorflow 2.21.0']);
  assert.equal(shown.live, '');
});

test('an engine that was there is not worth a line', (t) => {
  const { shown, reporter } = liveOn(t, 100);
  reporter.emit({ type: 'engine-progress', step: 'tensorflow 2.21.0', done: true });
  assert.deepEqual(shown.lines, []);
});

test('the notice about the engine stays', (t) => {
  const { shown, reporter } = liveOn(t, 100);
  reporter.emit({
    type: 'engine-progress',
    step: 'webassembly 12ab',
    done: true,
    notice: 'portable:\nno pip',
  });
  assert.deepEqual(shown.lines, ['engine: portable: no pip']);
});

test('notes go above the live lines', (t) => {
  const { shown, reporter } = liveOn(t, 100);
  reporter.emit({ type: 'stage-started', stage: 'denoiser' });
  reporter.note('a warning');
  assert.deepEqual(shown.lines, ['a warning']);
  assert.match(shown.live, /denoiser/);
});

test('closed, nothing is live', (t) => {
  const { shown, reporter } = liveOn(t, 100);
  reporter.emit({ type: 'stage-started', stage: 'denoiser' });
  reporter.draw();
  reporter.close();
  assert.equal(shown.live, '');
});

test('without a terminal: a plain line for each end, and for each epoch', () => {
  const shown = screen(100);
  const reporter = new PlainReporter(shown.terminal);
  const events: readonly RunEvent[] = [
    { type: 'engine-progress', step: 'downloading' },
    { type: 'engine-progress', step: 'downloading', fraction: 0.5 },
    { type: 'engine-progress', step: 'tensorflow 2.21.0', done: true },
    STARTED,
    finished('mnist', 'cached'),
    { type: 'stage-started', stage: 'denoiser' },
    { type: 'stage-progress', stage: 'denoiser', progress: TRAINING },
    { type: 'stage-progress', stage: 'denoiser', progress: { ...TRAINING, epochEnd: true } },
    { type: 'log', level: 'info', message: 'hidden', stage: 'denoiser' },
    { type: 'log', level: 'warn', message: 'shown', stage: 'denoiser' },
    finished('denoiser', 'failed'),
    finished('quality', 'skipped'),
    { type: 'run-finished', state: 'failed', seconds: 1 },
  ];
  for (const event of events) reporter.emit(event);
  assertGolden(
    shown.lines.join('\n'),
    `
      engine: downloading
      · mnist        cached  mse 0.01740, psnr 21.98
        denoiser: epoch 3/6, loss 0.01823, val_loss 0.01900, 4,210 samples/s, 12 s left
        denoiser: shown
      ✖ denoiser     failed
      - quality     skipped
    `,
  );
});

test('a run with nothing to do prints nothing of its stages', () => {
  const shown = screen(100);
  const reporter = new PlainReporter(shown.terminal);
  for (const event of [STARTED, finished('mnist', 'cached'), finished('denoiser', 'cached')])
    reporter.emit(event);
  reporter.close();
  assert.deepEqual(shown.lines, []);
});

test('verbose shows more', () => {
  const shown = screen(100, { verbose: true });
  const reporter = new PlainReporter(shown.terminal);
  reporter.emit({ type: 'stage-started', stage: 'mnist' });
  reporter.emit({ type: 'log', level: 'debug', message: 'detail' });
  assert.deepEqual(shown.lines, ['  mnist: started', '  run: detail']);
});
