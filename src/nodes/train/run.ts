/** Trains an autoencoder, and writes its models, its history and its previews. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { permutation } from '../../core/philox.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Split } from '../../core/stage-type.ts';
import { NumberSource } from '../../formats/numbers.ts';
import { availableMemory } from '../../files/memory.ts';
import { kernelMemory } from '../../engine/xla/kernel-memory.ts';
import type { Engine } from '../../engine/engine.ts';
import { slotCount } from '../../engine/train/optimizers/optimizer.ts';
import { modelShapes, outputActivation, predictAll } from '../../engine/train/predict.ts';
import { inShapes, rowBytes, rowNumbers, type SamplePair } from '../../engine/train/samples.ts';
import { writeVariables } from '../../engine/train/state.ts';
import type { Trainer, TrainerOptions } from '../../engine/train/trainer.ts';
import { variationalLayer } from '../../engine/train/variational.ts';
import { createTrainer } from '../../engine/choose-trainer.ts';
import { disposeAutoencoder, type TrainableAutoencoder } from '../../layers/build.ts';
import { saveAutoencoder } from '../../layers/save.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { Checkpointer, restore } from './checkpoint.ts';
import { tellUsedCodes } from './codes.ts';
import { EarlyStopping } from './early-stopping.ts';
import { areShuffledInPieces, shuffle } from './epoch-order.ts';
import { fit, type FitOptions, type FitResult } from './fit.ts';
import { quantities, writeHistory } from './history.ts';
import { klTerm, tellActiveUnits, warmUp, watchDivergence } from './kl.ts';
import { endsInOne, latentTerms, loneImage } from './latent-terms.ts';
import { lossChoice } from './loss.ts';
import { checkMemory, largestBatch, modelSize } from './memory.ts';
import { optimizerChoice } from './optimizer.ts';
import { imageSource, requireInput, type ImageSource } from './pairs.ts';
import { followRate } from './plateau.ts';
import { previewFile, Previews } from './preview.ts';
import { freeze, loadStart, trainedShare, type Frozen } from './start.ts';
import { checkTargetValues } from './targets.ts';

export async function runTrain(context: StageContext<TrainSettings>): Promise<StageResult> {
  const { settings, inputs } = context;
  const engine = await context.engine();
  const models = await loadStart(context, engine.tf);
  try {
    const frozen = freeze(context, models);
    const shapes = modelShapes(models.autoencoder);
    const source = await imageSource(inputs, shapes);
    const images = await source.readTraining({
      radius: context.seed('noise/radius'),
      angle: context.seed('noise/angle'),
    });
    const training = inShapes(images, shapes);
    const divided = await divide(context, training, async (split) =>
      inShapes(await source.read(split), shapes),
    );
    checkValues(context, outputActivation(models.autoencoder), [
      training,
      ...(divided.validation === undefined ? [] : [divided.validation.data]),
    ]);
    const data = [training, ...(divided.validation === undefined ? [] : [divided.validation.data])];
    checkBatches(
      context,
      divided.validation === undefined ? [divided.rows] : [divided.rows, divided.validation.rows],
    );
    const optimizer = optimizerChoice(settings.optimizer);
    const batchSize = largestBatch(data, settings.batch_size);
    const importance = klTerm(settings.kl).samples;
    const mayUseKernels = engine.kernels && (settings.compile === 'auto' || settings.compile === 'xla');
    checkMemory(
      {
        data,
        ...modelSize(models.autoencoder, importance),
        slots: slotCount(optimizer) * trainedShare(models),
        batchSize,
        // Of latents with each other and with the prior, and of the prior with itself.
        pairs: settings.latent_regularizer === undefined ? 0 : 3,
        compiled: engine.identity.kind === 'native' && settings.compile !== 'eager',
        kernels: mayUseKernels ? kernelMemory(models.autoencoder, importance * batchSize, engine.threads) : 0,
      },
      availableMemory(),
    );
    const trainer = makeTrainer(context, engine, {
      model: models.autoencoder,
      step: models.step,
      optimizer,
      loss: lossChoice(settings.loss),
      ...latentTerms(context, models, training.y),
      metrics: settings.metrics,
      data: training,
      batchSize: settings.batch_size,
    });
    try {
      const { previews, ...run } = await train(context, {
        engine,
        models,
        trainer,
        source,
        training,
        divided,
      });
      if (variationalLayer(models.encoder) !== undefined)
        await tellActiveUnits(engine, models.encoder, data.at(-1)?.x ?? training.x, {
          ...context,
          divergence: run.records.at(-1)?.training['kl'],
        });
      await tellUsedCodes(engine, models.encoder, data.at(-1)?.x ?? training.x, context);
      const { weightsOf } = await save(context, { engine, models, trainer, frozen }, run);
      return {
        metrics: summarize(trainer, run, weightsOf),
        highlights: [...previews, 'history.csv', ...(frozen.any ? ['summary.txt'] : [])],
      };
    } finally {
      trainer.dispose();
    }
  } finally {
    disposeAutoencoder(models);
  }
}

/** @throws Failure `bad-setting` for a discrepancy of a batch of one image. Files and plugins are only counted here */
function checkBatches({ settings }: StageContext<TrainSettings>, parts: readonly Int32Array[]): void {
  const { latent_regularizer: regularizer, batch_size: size } = settings;
  const part = parts.find((rows) => endsInOne(rows.length, size));
  if (regularizer === undefined || part === undefined) return;
  throw failure('bad-setting', ...loneImage(part.length, size), ['batch_size']);
}

/** @throws Failure `loss-output-mismatch` for targets with values that do not fit the loss or a metric */
function checkValues(
  { settings, inputs, log }: StageContext<TrainSettings>,
  activation: string,
  pairs: readonly SamplePair[],
): void {
  const metric = settings.metrics.indexOf('binary_crossentropy');
  const stage = (inputs['target'] ?? requireInput(inputs, 'data')).stage;
  checkTargetValues(
    pairs.map(({ y }) => y),
    {
      ...{ stage, activation, log },
      ...(settings.loss === 'binary_crossentropy'
        ? { entropyAt: ['loss'] }
        : metric < 0
          ? {}
          : { entropyAt: ['metrics', metric] }),
    },
  );
}

function makeTrainer(
  { settings, log, progress }: StageContext<TrainSettings>,
  engine: Engine,
  options: TrainerOptions,
): Trainer {
  if (settings.compile !== 'eager') progress({ text: 'compiling', fraction: 0 });
  const { trainer, mode, fallbackReason } = createTrainer(engine, options, settings.compile);
  if (fallbackReason !== undefined) log('warn', `${fallbackReason}; the training runs as \`${mode}\``);
  log('info', `training runs as \`${mode}\``);
  return trainer;
}

interface Workshop {
  readonly engine: Engine;
  readonly models: TrainableAutoencoder;
  readonly trainer: Trainer;
}

async function train(
  context: StageContext<TrainSettings>,
  shop: Workshop & {
    readonly source: ImageSource;
    readonly training: SamplePair;
    readonly divided: Divided;
  },
): Promise<FitResult & { readonly previews: readonly string[] }> {
  const { settings, signal, progress } = context;
  const { epochs, early_stopping: stopping, preview } = settings;
  const { rows, validation } = shop.divided;
  const samples = [...new Set(Object.values(shop.training))];
  const reading = { rowBytes: rowBytes(samples), seed: context.seed };
  const files = samples.map(({ data }) => data).filter((data) => data instanceof NumberSource);
  const jumps = settings.shuffle && !areShuffledInPieces(rows.length, reading.rowBytes);
  if (!jumps) for (const file of files) file.expectNeighbors();
  const orderOf = (epoch: number): Int32Array => {
    if (!settings.shuffle) return rows;
    const order = shuffle(rows, { ...reading, epoch });
    if (jumps) for (const file of files) file.expectOrder(order, files.length);
    return order;
  };
  const previews = preview === null ? undefined : await startPreviews(context, shop);
  await previews?.drawInputs();
  const restored = await restore(context, shop.engine.tf, shop.trainer);
  const checkpointer = new Checkpointer(context, shop.trainer);
  const finished = [...(restored?.files ?? [])];
  const start = restored?.state ?? { records: [] };
  const watch = watchDivergence(sizeOf(modelShapes(shop.models.encoder).outputShape), context.log);
  const work = fit({
    trainer: shop.trainer,
    start,
    epochs,
    order: orderOf,
    ...(validation === undefined ? {} : { validation }),
    ...(stopping === null
      ? {}
      : { stopping: { rule: new EarlyStopping(stopping), monitor: stopping.monitor } }),
    ...followRate(context, { tf: shop.engine.tf, trainer: shop.trainer, before: start.records }),
    ...warmUp(settings.kl, shop.engine.tf, shop.trainer),
    signal,
    progress,
    async afterEpoch(record, seconds, state) {
      watch(record);
      const numbers = Object.entries(quantities(record, shop.trainer.measures));
      const text = numbers.map(([name, value]) => `${name} ${value.toPrecision(6)}`).join(', ');
      context.log('info', `epoch ${record.epoch}/${epochs}: ${text}; ${seconds.toFixed(1)} s`);
      const due = preview !== null && record.epoch % preview.every === 0;
      if (due && previews !== undefined) finished.push(...(await previews.drawEpoch(record.epoch)));
      await checkpointer.take(record.epoch, state, [...finished]);
    },
  });
  // However the training ended, the newest state is saved.
  const result = await work.finally(() => checkpointer.finish());
  if (previews === undefined) return { ...result, previews: [] };
  const newest = previewFile(result.last.epoch);
  if (!finished.includes(newest)) await previews.drawEpoch(result.last.epoch);
  return { ...result, previews: [newest] };
}

interface Divided {
  readonly rows: Int32Array;
  readonly validation?: FitOptions['validation'];
}

/**
 * The images for training and for validation. A share of the training images for validation is chosen at random, not from the end
 * as in Keras: in a sorted set, the last images may be of another kind. Both parts keep their order.
 */
export async function divide(
  { settings, seed, inputs }: StageContext<TrainSettings>,
  training: SamplePair,
  read: (split: Split) => Promise<SamplePair>,
): Promise<Divided> {
  const { count } = training.x;
  const { validation: share } = settings;
  const rows = rowNumbers(count);
  if (share === 'none') return { rows };
  if (share === 'test') {
    const data = await read('test');
    return { rows, validation: { data, rows: rowNumbers(data.x.count) } };
  }
  const kept = Math.floor(count * (1 - share));
  if (kept === 0 || kept === count) {
    throw failure(
      'bad-setting',
      `\`${requireInput(inputs, 'data').stage}\` has ${count} training images: too few for both training and validation`,
      'use more images, another share, or `validation: none`',
    );
  }
  const drawn = permutation(seed('validation'), count);
  return {
    rows: drawn.slice(0, kept).sort(),
    // If noise is resampled, then only for training.
    validation: { data: await read('train'), rows: drawn.slice(kept).sort() },
  };
}

export async function startPreviews(
  { settings, seed, signal, folder }: StageContext<TrainSettings>,
  { engine, models, source }: Pick<Workshop, 'engine' | 'models'> & { readonly source: ImageSource },
): Promise<Previews | undefined> {
  const { preview, batch_size: batchSize } = settings;
  if (preview === null) return undefined;
  const { x: images } = await source.read(preview.split);
  return new Previews({
    rows: preview.rows,
    columns: preview.columns,
    folder,
    seed: seed('preview'),
    images,
    range: source.target.range,
    predict: (rows) => predictAll(engine, models.autoencoder, images, rows, { batchSize, signal }),
  });
}

/** Writes the history and the models. `model/` contains the last weights, or the best ones if they are restored. */
async function save(
  { settings, folder, inputs, log }: StageContext<TrainSettings>,
  { engine, models, trainer, frozen }: Workshop & { readonly frozen: Frozen },
  { records, best, last, kept, stoppedEarly }: FitResult,
): Promise<{ readonly weightsOf: number }> {
  await writeHistory(folder, records, trainer.measures, settings.tensorboard);
  const chosen = settings.early_stopping?.restore_best_weights === true ? kept : last;
  const training = {
    loss: lossChoice(settings.loss),
    // Whether the target differs from the input.
    denoiser: inputs['target'] !== undefined && inputs['target'].folder !== inputs['data']?.folder,
    epochs: records.length,
    stopped_early: stoppedEarly,
    epoch_of_model: chosen.epoch,
    epoch_of_best: best.epoch,
    // That latents follow it: a stage `sample` draws from it.
    ...(settings.latent_regularizer === undefined ? {} : { prior: 'normal' }),
  };
  await writeFile(join(folder, 'training.json'), `${JSON.stringify(training, undefined, 2)}\n`);
  if (frozen.any) await frozen.summarize(folder);
  frozen.thaw();
  for (const [name, snapshot] of [
    ['model', chosen],
    ['best', best],
  ] as const) {
    writeVariables(engine.tf, trainer.weights, snapshot.weights);
    await saveAutoencoder(models, join(folder, name));
  }
  if (stoppedEarly) log('info', `stopped early after epoch ${last.epoch}`);
  log('info', `\`model/\` has the weights of epoch ${chosen.epoch}, \`best/\` those of epoch ${best.epoch}`);
  return { weightsOf: chosen.epoch };
}

/** The numbers of the epoch whose weights are in `model/`. */
function summarize(
  { measures }: Pick<Trainer, 'measures'>,
  { records, best }: FitResult,
  weightsOf: number,
): Readonly<Record<string, number>> {
  const record = records[weightsOf - 1];
  return {
    ...(record === undefined ? {} : quantities(record, measures)),
    epochs: records.length,
    best_epoch: best.epoch,
  };
}
