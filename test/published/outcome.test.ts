/** How `hourglass reproduce` ends: by results of its own, whose trainings take a moment. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { rig, type Rig } from '../rig.ts';
import { SMALL } from '../sweep/rig.ts';

/** Trains for a moment with each rate. A rate of 1e30 fails: the loss is not finite. */
function pipeline(name: string, ...rates: readonly number[]): string {
  const stages = SMALL.replace('name: tiny', `name: ${name}`).replace(', activation: sigmoid', '');
  return `${stages}sweep:\n  parameters: { learning_rate: [${rates.join(', ')}] }\n`;
}

const figure = { metric: 'quality.mse', text: '0.1', value: 0.1, better: 'close' } as const;
const PUBLISHED = {
  near: {
    title: 'A result that is met',
    source: 'https://example.org/near',
    figures: [{ ...figure, name: 'error', tolerance: 1, parameters: { learning_rate: 0.01 } }],
  },
  far: {
    title: 'A result that is not met',
    source: 'https://example.org/far',
    figures: [
      { ...figure, name: 'error', tolerance: 0, parameters: { learning_rate: 0.01 } },
      { ...figure, name: 'vague', tolerance: 0, parameters: { learning_rate: 0.01 }, incomparable: 'why' },
    ],
  },
  broken: {
    title: 'A result with a trial that fails',
    source: 'https://example.org/broken',
    figures: [
      { ...figure, name: 'error', tolerance: 1, parameters: { learning_rate: 0.01 } },
      { ...figure, name: 'failing', tolerance: 1, parameters: { learning_rate: 1e30 } },
    ],
  },
};

const COMMAND = fileURLToPath(new URL('../../src/cli/commands/reproduce.js', import.meta.url));
const TERMINAL = fileURLToPath(new URL('../../src/cli/terminal/terminal.js', import.meta.url));

/** The command with results of the rig instead of Hourglass's own. */
const PROGRAM = `
  const { reproduce } = await import(${JSON.stringify(COMMAND)});
  const { makeTerminal } = await import(${JSON.stringify(TERMINAL)});
  const terminal = makeTerminal({ json: true, quiet: false, verbose: false, color: false });
  const common = { outputs: 'outputs', engine: 'portable', version: '0', folder: '.' };
  process.exitCode = await reproduce(terminal, { ...common, names: process.argv.slice(1) });
`;

async function reproduced(rigged: Rig, ...names: readonly string[]) {
  const args = ['--input-type=module', '--eval', PROGRAM, '--', ...names];
  const child = spawn(process.execPath, args, { cwd: rigged.folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...(JSON.parse(stdout) as Printed) };
}

interface Printed {
  readonly status: string;
  readonly results: readonly {
    readonly name: string;
    readonly figures: readonly {
      readonly verdict: string;
      readonly obtained: { readonly mean: number | null };
    }[];
  }[];
  readonly diagnostics: readonly { readonly code: string }[];
}

const verdicts = ({ results }: Printed) =>
  results.map(({ name, figures }) => [name, ...figures.map(({ verdict }) => verdict)]);

test('the exit code tells figures that are not met from trainings that failed', async (t) => {
  const rigged = rig(t);
  rigged.write('published.json', JSON.stringify(PUBLISHED));
  rigged.write('near.yaml', pipeline('near', 0.01));
  rigged.write('far.yaml', pipeline('far', 0.01));
  rigged.write('broken.yaml', pipeline('broken', 0.01, 1e30));
  const recorded = (): readonly string[] => Object.keys(JSON.parse(rigged.read('outputs/reproduced.json')));

  const far = await reproduced(rigged, 'near', 'far');
  assert.deepEqual([far.code, far.status], [3, 'mismatch']);
  assert.deepEqual(verdicts(far), [
    ['near', 'met'],
    ['far', 'not met', 'not comparable'],
  ]);

  // A failed trial stops neither the other trials nor the other results.
  const all = await reproduced(rigged, 'broken', 'near');
  assert.deepEqual([all.code, all.status], [1, 'failed']);
  assert.deepEqual(verdicts(all), [
    ['near', 'met'],
    ['broken', 'met', 'not obtained'],
  ]);
  assert.equal(all.results[1]?.figures[1]?.obtained.mean, null);
  assert.ok(all.diagnostics.length > 0);
  // What is recorded is whole.
  assert.deepEqual(recorded(), ['near', 'far']);
});
