/**
 * `npm run smoke:node -- 20 22 24 26`: checks the quickstart, and runs a tiny pipeline, with each of these Node versions, which
 * npm installs. Without arguments: 20 and 24.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/core/package-root.ts';
import { installNode } from './node-binaries.ts';

const PIPELINE = `name: smoke
seed: 1
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 64, test: 16 } }
  noisy: { type: noise, data: mnist, kind: gaussian, stddev: 0.5, clip: [0, 1] }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder: [Flatten, { Dropout: { rate: 0.1 } }, { Dense: { units: 4 } }]
    decoder: [{ Dense: { units: 784, activation: sigmoid } }, { Reshape: { target_shape: [28, 28, 1] } }]
  trained: { type: train, model: model, data: noisy, target: mnist, loss: mse, epochs: 1, validation: test }
  comparison: { type: figure, kind: comparison, model: trained, data: noisy, target: mnist, samples: 4 }
  curves: { type: figure, kind: history, model: trained }
`;

const QUICKSTART = join(packageRoot, 'pipelines', 'quickstart.yaml');

const STEPS: readonly (readonly string[])[] = [
  ['check', QUICKSTART],
  ['check', 'smoke.yaml'],
  ['run', 'smoke.yaml', '--engine', 'native', '--quiet'],
  ['run', 'smoke.yaml', '--engine', 'native', '--quiet'],
];

/** Runs all steps with one binary; returns the problem, if any. */
function smoke(binary: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-smoke-'));
  try {
    writeFileSync(join(folder, 'smoke.yaml'), PIPELINE);
    const program = join(packageRoot, 'bin', 'hourglass.js');
    for (const step of STEPS) {
      const result = spawnSync(binary, [program, ...step], { cwd: folder, encoding: 'utf8' });
      if (result.status !== 0) return `hourglass ${step.join(' ')}: ${result.stdout}${result.stderr}`;
    }
    const status = spawnSync(binary, [program, 'engine', 'status', '--engine', 'native', '--json'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (!status.stdout.includes('"xla": true')) return `engine status: ${status.stdout}${status.stderr}`;
    const figure = join(folder, 'outputs', 'smoke', 'comparison', 'figure.png');
    return existsSync(figure) ? undefined : 'no figure was drawn';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const majors = process.argv.slice(2);
console.log('Node       result seconds');
for (const major of majors.length > 0 ? majors : ['20', '24']) {
  const binary = installNode(Number(major));
  const version = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const started = performance.now();
  const problem = smoke(binary);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${version.padEnd(10)} ${problem === undefined ? 'passed' : 'FAILED'} ${seconds.padStart(7)}`);
  if (problem === undefined) continue;
  console.error(problem);
  process.exitCode = 1;
}
