/** A failure in the middle of a training, on both engines: what is reported, what stays, and how it resumes. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Checkpoints } from '../../../src/artifacts/checkpoints.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { nativeBackend } from '../../../src/engine/tensorflow/addon.ts';
import { Executor } from '../../../src/engine/webassembly/executor.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import type { InputArtifact } from '../../../src/nodes/contract.ts';
import { trainNode } from '../../../src/nodes/train/node.ts';
import { nativeEngine } from '../../engine/xla/rig.ts';
import { layer } from '../../layers/specs.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { contents, corrupted, imageStage, modelStage, SHAPE, squares, TRAIN } from './rig.ts';

const native = await nativeEngine();

/** All that changes from step to step: what layers draw, running statistics, the optimizer's means, a schedule, the weight of `kl`. */
const architecture: Architecture = {
  input_shape: [...SHAPE],
  encoder: [
    layer('Conv2D', { filters: 3, kernel_size: 3, strides: 2, padding: 'same' }),
    'BatchNormalization',
    'LeakyReLU',
    layer('GaussianNoise', { stddev: 0.1 }),
    'Flatten',
    layer('Dropout', { rate: 0.2 }),
    layer('Variational', { units: 6 }),
  ],
  decoder: [
    layer('Dense', { units: 144, activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [...SHAPE] }),
  ],
};

const settings = {
  ...TRAIN,
  epochs: 4,
  kl: { weight: 0.5, warmup_epochs: 3, free_bits: 0.01 },
  optimizer: {
    Nadam: {
      learning_rate: {
        CosineDecay: {
          ...{ initial_learning_rate: 0.01, decay_steps: 20, alpha: 0.1 },
          ...{ warmup_target: null, warmup_steps: 0 },
        },
      },
      ...{ beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 },
    },
  },
} as const;

interface Given {
  readonly root: string;
  readonly inputs: Readonly<Record<string, InputArtifact>>;
}

async function prepare(t: TestContext): Promise<Given> {
  const root = temporaryFolder(t);
  const images = { train: corrupted(squares(70, 1), 5), test: squares(20, 2) };
  return {
    root,
    inputs: {
      model: await modelStage(native, root, architecture),
      data: await imageStage(root, 'clean', images),
    },
  };
}

interface Attempt {
  /** Of its folder. */
  readonly stage: string;
  readonly checkpoints?: Checkpoints;
  /** Called after the second epoch. */
  readonly disturb?: () => void;
}

/** Trains, and gives the contents of all files. */
async function train(
  { root, inputs }: Given,
  engine: Engine,
  { stage, checkpoints, disturb }: Attempt,
): Promise<Readonly<Record<string, string>>> {
  const context = fakeContext(root, settings, { stage, inputs, engine: async () => engine });
  await trainNode.run({
    ...context,
    // Seeds are those of one stage, whichever folder it has.
    seed: fakeContext(root, settings, { stage: 'trained' }).seed,
    ...(checkpoints === undefined ? {} : { checkpoints }),
    log(level, message) {
      context.log(level, message);
      if (message.startsWith('epoch 2/')) disturb?.();
    },
  });
  return contents(context.folder);
}

interface Disturbed {
  readonly engine: Engine;
  /** From now on the engine fails. */
  disturb(): void;
}

const engines: Readonly<Record<string, (t: TestContext) => Promise<Disturbed>>> = {
  async native(t) {
    const backend = nativeBackend(native.tf);
    const { binding } = backend;
    t.after(() => Object.assign(backend, { binding }));
    return {
      engine: native,
      disturb() {
        const runSavedModel: typeof binding.runSavedModel = () => {
          Object.assign(backend, { binding });
          throw new Error('Invalid TF_Status: 8\nMessage: Out of memory allocating 4096 bytes.');
        };
        Object.assign(backend, {
          binding: Object.create(binding, { runSavedModel: { value: runSavedModel } }),
        });
      },
    };
  },
  async portable(t) {
    const executor = new Executor({ threads: 2 });
    t.after(() => executor.dispose());
    while (executor.instance.exports.serving() === 0) await sleep(2);
    return {
      engine: {
        ...native,
        ...{
          identity: { kind: 'portable', version: 'webassembly', platform: 'any' },
          kernels: false,
          executor,
        },
      },
      disturb: () => executor.instance.exports.fail(),
    };
  },
};

for (const [name, start] of Object.entries(engines)) {
  test(`${name}: a training that fails ends with a reason and a checkpoint, and resumes to the same bits`, async (t) => {
    const given = await prepare(t);
    const { engine, disturb } = await start(t);
    const checkpoints = new Checkpoints(join(given.root, 'checkpoints'));
    await assert.rejects(
      train(given, engine, { stage: 'disturbed', checkpoints, disturb }),
      (error) => error instanceof Failure && error.diagnostics[0]?.code === 'engine-failed',
    );
    assert.equal(await checkpoints.newest(settings.epochs), 2);
    const fresh = (await start(t)).engine;
    const resumed = await train(given, fresh, { stage: 'resumed', checkpoints });
    assert.deepEqual(resumed, await train(given, fresh, { stage: 'undisturbed' }));
  });
}
