/** `hourglass explain`: programs from settings alone, on a machine where nothing is installed. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { checkProgram } from '../../src/engine/program/check.ts';
import { parseProgram } from '../../src/engine/program/parse.ts';
import { printProgram } from '../../src/engine/program/print.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { deriveSeed } from '../../src/core/seed.ts';
import { builtinNodes } from '../../src/nodes/registry.ts';
import { loadPipeline } from '../../src/config/load.ts';
import { explain as runExplain, type ExplainOptions } from '../../src/cli/commands/explain.ts';
import { outcomeOf } from '../../src/cli/exit.ts';
import { makeTerminal, type OutputOptions, type Terminal } from '../../src/cli/terminal/terminal.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { rig, TINY } from '../rig.ts';

/** Fresh noise in each step, Dropout, a mean that is carried along, and a file that does not exist. */
const FRESH = TINY.replace('clip: [0, 1] }', 'clip: [0, 1], resample: true }')
  .replace('source: mnist, limit: { train: 128, test: 32 } }', 'source: npy, train_images: none.npy }')
  .replace('      - Flatten\n', '      - BatchNormalization\n      - Flatten\n')
  .replace('validation: test', 'validation: 0.5')
  .replace('preview: { rows: 2, columns: 2 }', 'preview: null')
  .replace(/ {2}quality[^]*/, '');

/** A variational model, and what samples and scores images with it. */
const VAE = TINY.replace('- Dense: { units: "${params.latent_size}" }', '- Variational: { units: 4 }')
  .replace('loss: mse', 'loss: binary_crossentropy')
  .replace(
    / {2}quality[^]*/,
    `  prior: { type: sample, model: trained, count: 5 }
  mixture: { type: sample, model: trained, from: mixture, data: mnist, components: 2 }
  posterior: { type: sample, model: trained, from: posterior, data: mnist }
  errors: { type: anomaly, model: trained, data: mnist, normal: [0] }
  likelihood: { type: anomaly, model: trained, data: mnist, score: nll, importance_samples: 64 }
  distances: { type: anomaly, model: trained, data: mnist, score: latent_distance }
  codes: { type: evaluate, model: trained, data: mnist, metrics: [mean_activation] }
`,
  );

interface ExplainJson {
  readonly status: string;
  readonly mode: string;
  readonly engine: { readonly kind: string };
  readonly total: { readonly operations: number };
  readonly program: ProgramJson;
  readonly passes: readonly { readonly name: string; readonly program: ProgramJson }[];
}

interface ProgramJson {
  readonly parameters: readonly { readonly kind: string; readonly name: string }[];
  readonly instructions: readonly {
    readonly op: string;
    readonly operands: readonly number[];
    readonly results: readonly { readonly number: number }[];
    readonly cost: { readonly operations: number };
    readonly target?: string;
  }[];
  readonly updates: readonly { readonly variable: number }[];
}

const rigged = rig({ after });
rigged.write('tiny.yaml', TINY);
rigged.write('fresh.yaml', FRESH);
rigged.write('vae.yaml', VAE);

interface Called {
  readonly code: number;
  readonly stdout: string;
}

/** Calls the command in this process, which loads tfjs once. */
async function explain(
  file: string,
  options: Partial<ExplainOptions> = {},
  flags: Partial<OutputOptions> = {},
): Promise<Called> {
  const printed: string[] = [];
  const terminal: Terminal = {
    ...makeTerminal({ json: false, quiet: false, verbose: false, color: false, ...flags }),
    result: (text) => void printed.push(text),
    note: () => undefined,
  };
  const given = { pipeline: rigged.path(file), engine: 'native', ...options } as const;
  try {
    return { code: await runExplain(terminal, given), stdout: printed.join('\n') };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { diagnostics } = error;
    return { code: outcomeOf(diagnostics).code, stdout: JSON.stringify({ diagnostics }) };
  }
}

async function explainJson(file: string, options: Partial<ExplainOptions> = {}): Promise<ExplainJson> {
  return JSON.parse((await explain(file, options, { json: true })).stdout) as ExplainJson;
}

test('a machine without engine and data will do, and nothing is written', async () => {
  const env = { HOURGLASS_CACHE: '/nonexistent', HOURGLASS_DATA: '/nonexistent' };
  const { code, stdout, stderr } = await rigged.run(['explain', 'fresh.yaml', '--engine', 'native'], { env });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^trained: .*50 images/);
  for (const word of ['uniform', 'convolution', 'fused_update', 'clamp', 'rsqrt'])
    assert.ok(stdout.includes(word), word);
  assert.ok(!rigged.exists('outputs') && !rigged.exists('.hourglass'));
});

test('--json has the program as data, with costs, and every pass that changes it', async () => {
  const { status, mode, engine, total, program, passes } = await explainJson('fresh.yaml', { passes: true });
  assert.deepEqual([status, mode, engine.kind], ['done', 'xla', 'native']);
  const sum = program.instructions.reduce((all, { cost }) => all + cost.operations, 0);
  assert.equal(sum, total.operations);
  const made = new Set(program.parameters.keys());
  for (const { operands, results } of program.instructions) {
    for (const operand of operands) assert.ok(made.has(operand));
    for (const { number } of results) made.add(number);
  }
  assert.ok(program.updates.every(({ variable }) => program.parameters[variable]?.kind === 'variable'));
  const targetOf = (op: string): readonly unknown[] =>
    program.instructions.filter((each) => each.op === op).map(({ target }) => target);
  assert.ok(targetOf('convolution').every((target) => target === 'convolution'));
  assert.ok(
    targetOf('fused_update').length > 0 && targetOf('fused_update').every((target) => target === 'update'),
  );
  assert.equal(passes[0]?.name, 'trace');
  assert.ok(passes.some(({ name }) => name === 'fuse-updates'));
  for (const [index, pass] of passes.slice(1).entries())
    assert.notDeepEqual(pass.program, passes[index]?.program, pass.name);
});

test('validation changes nothing, and trained models are explained by the stages that use them', async () => {
  const { stdout } = await explain('fresh.yaml', { stage: 'trained', validation: true });
  assert.doesNotMatch(stdout, /uniform|update /);
  assert.match(stdout, /\nreturn /);
  const forward = await explain('tiny.yaml', { stage: 'quality', set: ['params.latent_size=3'] });
  assert.match(forward.stdout, /float32\[32, 3\]/);
  assert.doesNotMatch(forward.stdout, /uniform|update /);
});

test('stages that sample, score and measure codes are explained by what they compute', async () => {
  // The inputs of each program: latents, images with samples of their latents, or images.
  for (const [stage, input, hasDecoder, hasEncoder] of [
    ['prior', '[5, 4]', true, false],
    ['mixture', '[32, 4]', true, false],
    ['posterior', '[32, 28, 28, 1]', true, true],
    ['errors', '[32, 28, 28, 1]', true, true],
    ['likelihood', '[16, 256]', true, true],
    ['distances', '[32, 28, 28, 1]', false, true],
    ['codes', '[32, 28, 28, 1]', false, true],
  ] as const) {
    const { code, stdout } = await explain('vae.yaml', { stage }, { verbose: true });
    assert.equal(code, 0, stdout);
    assert.ok(stdout.includes(`float32${input}`), `${stage}: ${stdout}`);
    assert.equal(stdout.includes('convolution'), hasEncoder, stage);
    assert.equal(stdout.includes('784'), hasDecoder, stage);
  }
});

test('it says how the stage runs: compiled where it can be, or as it is traced', async () => {
  for (const [options, mode] of [
    [{ stage: 'trained', engine: 'portable' }, 'webassembly'],
    [{ stage: 'quality', engine: 'portable' }, 'webassembly'],
    [{ stage: 'quality' }, 'xla'],
    [{ stage: 'trained', set: ['stages.trained.compile=eager'] }, 'eager'],
  ] as const) {
    const { program, ...found } = await explainJson('tiny.yaml', options);
    assert.equal(found.mode, mode);
    const products = program.instructions.filter(({ op }) => op === 'matmul');
    assert.ok(products.length > 0);
    for (const { target } of products) assert.equal(target, mode === 'eager' ? undefined : 'matmul');
  }
});

test('stages without a program are refused, with the list of those that have one', async () => {
  for (const [file, options, code, text] of [
    ['tiny.yaml', { stage: 'traind' }, 'unknown-stage', /`trained`/],
    ['tiny.yaml', { stage: 'noisy' }, 'wrong-stage-kind', /trained, quality, denoised/],
    ['tiny.yaml', { stage: 'quality', validation: true }, 'usage', /quality/],
    ['tiny.yaml', { validation: true, set: ['stages.trained.validation=none'] }, 'usage', /validation/],
    ['tiny.yaml', { set: ['stages.trained.epochs=0'] }, 'out-of-range', /epochs/],
    ['none.yaml', {}, 'file-not-found', /none\.yaml/],
  ] as const) {
    const { code: exit, stdout } = await explain(file, options, { json: true });
    assert.equal(exit, 2, code);
    assert.equal(JSON.parse(stdout).diagnostics[0].code, code);
    assert.match(stdout, text);
  }
});

// Last: it gives tfjs another backend.
test('the step is the one that the installed engine is given, and its text can be read back', async () => {
  const { stdout } = await explain('tiny.yaml', { passes: true }, { verbose: true });
  const [, traced = ''] = /^as traced: .*\n\n([^]*?)\n\nafter /m.exec(stdout) ?? [];
  const program = checkProgram(parseProgram(traced));
  const { tf } = await loadEngine({ choice: 'native', threads: 1 });
  const { located } = await loadPipeline(rigged.path('tiny.yaml'), {
    stageTypes: () => Promise.resolve({ types: builtinNodes, problems: [] }),
  });
  const { stages, seed } = located?.pipeline ?? assert.fail('tiny.yaml is not valid');
  const ours = await builtinNodes.get('train')?.trace?.({
    tf,
    stage: 'trained',
    settings: stages.get('trained') ?? {},
    stages,
    seed: (purpose) => deriveSeed(seed, 'trained', purpose),
  });
  assert.equal(printProgram(program), ours && printProgram(ours.program));
});
