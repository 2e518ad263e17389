/** Checks that the results of a `train` stage are consistent: history, summary, models and settings. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainSettings } from '../schema/generated/settings.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { canonicalJson, isJsonObject, sha256, type Json, type JsonObject } from '../core/json.ts';
import { measuresOf, writeHistory, type EpochRecord, type LatentKind } from '../nodes/train/history.ts';
import { lossKind } from '../nodes/train/latent-terms.ts';
import { lossChoice } from '../nodes/train/loss.ts';
import type { PackedStage } from './generated/types.ts';
import { artifactPath, mismatch } from './manifest.ts';
import { parseJson } from './json-text.ts';
import { columnsOf } from './training.ts';

export interface TrainRecordOptions {
  /** Absolute path of the unpacked archive. */
  readonly folder: string;
  /** Absolute path of an empty folder. */
  readonly scratch: string;
  readonly stage: PackedStage;
  readonly settings: TrainSettings & { readonly model: string };
  readonly latent: LatentKind;
}

export async function trainingProblems(options: TrainRecordOptions): Promise<readonly Diagnostic[]> {
  const { stage } = options;
  const wrong = (what: string): Diagnostic => mismatch(`\`${stage.name}\` contradicts itself: ${what}`);
  const history = columnsOf(await read(options, 'history.json'));
  const training = parseJson((await read(options, 'training.json')) ?? Buffer.alloc(0));
  if (history === undefined || !isJsonObject(training)) return [wrong('its history or record is missing')];
  const { epoch = [], ...measured } = history;
  const count = epoch.length;
  if (
    Object.values(measured).some(({ length }) => length !== count) ||
    epoch.some((value, index) => value !== index + 1)
  ) {
    return [wrong('the epochs of the history do not start at 1')];
  }
  return [
    ...epochProblems(options.settings, measured, training, count).map(wrong),
    ...metricProblems(stage, measured, training, count).map(wrong),
    ...(await renderingProblems(options, measured, count)).map(wrong),
    ...previewProblems(options, count).map(wrong),
    ...(await modelProblems(options, training)).map(wrong),
  ];
}

type Columns = Readonly<Record<string, readonly number[]>>;

async function read({ folder, stage }: TrainRecordOptions, path: string): Promise<Buffer | undefined> {
  return readFile(join(folder, artifactPath(stage.name, path))).catch(() => undefined);
}

function epochProblems(
  settings: TrainSettings,
  measured: Columns,
  training: JsonObject,
  count: number,
): readonly string[] {
  const { epochs, early_stopping: stopping, loss, data, target } = settings;
  const problems: string[] = [];
  if (stopping === null ? count !== epochs : count > epochs) {
    problems.push(`the history has ${count} epochs, but the settings require ${epochs}`);
  }
  const prior = settings.latent_regularizer === undefined ? [] : ['prior'];
  const names = ['denoiser', 'epoch_of_best', 'epoch_of_model', 'epochs', 'loss', ...prior, 'stopped_early'];
  if (
    Object.keys(training).sort().join() !== names.join() ||
    (prior.length > 0 && training['prior'] !== 'normal')
  ) {
    problems.push('`training.json` has other keys than `train` writes');
  }
  if (canonicalJson(training['loss'] ?? null) !== canonicalJson(lossChoice(loss)))
    problems.push('`training.json` and the settings have different losses');
  const isSame = target === undefined || target === data;
  if (isSame ? training['denoiser'] !== false : typeof training['denoiser'] !== 'boolean') {
    problems.push('`training.json` has the wrong `denoiser`');
  }
  if (training['epochs'] !== count)
    problems.push('`training.json` and the history have different numbers of epochs');
  if (training['stopped_early'] !== count < epochs)
    problems.push('`training.json` is wrong about an early stop');
  const watched = measured['val_loss'] ?? measured['loss'] ?? [];
  let best = 0;
  watched.forEach((value, index) => {
    if (value < Number(watched[best])) best = index;
  });
  if (training['epoch_of_best'] !== best + 1) problems.push('the best epoch does not have the lowest loss');
  if (stopping?.restore_best_weights !== true && training['epoch_of_model'] !== count) {
    problems.push('the model is not from the last epoch');
  }
  return problems;
}

/** The stage's numbers must equal the history at the model's epoch. */
function metricProblems(
  { metrics }: PackedStage,
  measured: Columns,
  training: JsonObject,
  count: number,
): readonly string[] {
  const line = Number(training['epoch_of_model']) - 1;
  const { learning_rate: _rate, ...columns } = measured;
  const expected = {
    ...Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[line] ?? null])),
    epochs: count,
    best_epoch: training['epoch_of_best'] ?? null,
  };
  const claimed = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  return canonicalJson(claimed) === canonicalJson(expected as Json)
    ? []
    : ['its numbers do not match the history'];
}

/** `history.csv` and the TensorBoard events must match the history byte for byte. */
async function renderingProblems(
  { scratch, stage, settings, latent }: TrainRecordOptions,
  { learning_rate: rates, ...measured }: Columns,
  count: number,
): Promise<readonly string[]> {
  const measures = measuresOf(lossKind(settings, latent), settings.metrics);
  const records = Array.from({ length: count }, (_, index): EpochRecord => {
    const of = (prefix: string): EpochRecord['training'] => {
      const entries = measures.flatMap((name) => {
        const value = measured[prefix + name]?.[index];
        return value === undefined ? [] : [[name, value] as const];
      });
      return { loss: NaN, ...Object.fromEntries(entries) };
    };
    const rate = rates?.[index];
    return {
      epoch: index + 1,
      training: of(''),
      ...(measured['val_loss'] === undefined ? {} : { validation: of('val_') }),
      ...(rate === undefined ? {} : { learningRate: rate }),
    };
  });
  if (records.length === 0) return ['the history is empty'];
  await writeHistory(scratch, records, measures, settings.tensorboard);
  const problems: string[] = [];
  for (const { path, sha256: claimed } of stage.files) {
    if (!/^history\.|^tensorboard\//.test(path)) continue;
    const ours = await readFile(join(scratch, path)).catch(() => undefined);
    if (ours === undefined || sha256(ours) !== claimed)
      problems.push(`\`${path}\` does not match the history`);
  }
  return problems;
}

function previewProblems({ stage, settings }: TrainRecordOptions, count: number): readonly string[] {
  const submitted = stage.files.map(({ path }) => path).filter((path) => path.startsWith('previews/'));
  const { preview } = settings;
  const drawn = Array.from({ length: count }, (_, index) => index + 1).filter(
    (epoch) => preview !== null && (epoch % preview.every === 0 || epoch === count),
  );
  const names =
    preview === null ? [] : ['inputs', ...drawn.map((epoch) => `epoch-${String(epoch).padStart(3, '0')}`)];
  const expected = names.flatMap((name) => [`previews/${name}.png`, `previews/${name}.svg`]);
  return expected.sort().join() === submitted.sort().join() ? [] : ['its previews do not match the settings'];
}

/** Encoder and decoder must have the autoencoder's weights, and models of the same epoch must be equal, with the stage's architecture. */
async function modelProblems(options: TrainRecordOptions, training: JsonObject): Promise<readonly string[]> {
  const { stage, settings, folder } = options;
  const hashes = new Map(stage.files.map(({ path, sha256: hash }) => [path, hash]));
  const problems: string[] = [];
  for (const part of ['model', 'best']) {
    const whole = await weightsOf(options, `${part}/autoencoder`);
    const parts = [
      ...(await weightsOf(options, `${part}/encoder`)),
      ...(await weightsOf(options, `${part}/decoder`)),
    ];
    if (whole.length === 0 || [...whole].sort().join() !== parts.sort().join()) {
      problems.push(`in \`${part}/\`, encoder and decoder do not match the autoencoder`);
    }
    for (const name of ['encoder', 'decoder', 'autoencoder']) {
      const untrained = await readFile(
        join(folder, artifactPath(settings.model, `${name}/model.json`)),
      ).catch(() => undefined);
      const own = await read(options, `${part}/${name}/model.json`);
      if (untrained === undefined || own === undefined || !untrained.equals(own)) {
        problems.push(`\`${part}/${name}\` is not the model of \`${settings.model}\``);
      }
    }
  }
  if (training['epoch_of_model'] === training['epoch_of_best']) {
    for (const name of ['encoder', 'decoder', 'autoencoder']) {
      if (hashes.get(`model/${name}/weights.bin`) !== hashes.get(`best/${name}/weights.bin`)) {
        problems.push(`\`model/${name}\` and \`best/${name}\` are from the same epoch, but differ`);
      }
    }
  }
  return problems;
}

/** Names and hashes of a model's weights; empty if its files are inconsistent. */
async function weightsOf(options: TrainRecordOptions, path: string): Promise<readonly string[]> {
  const description = parseJson((await read(options, `${path}/model.json`)) ?? Buffer.alloc(0));
  const bytes = await read(options, `${path}/weights.bin`);
  const manifest = isJsonObject(description) ? description['weightsManifest'] : undefined;
  const group: Json | undefined = Array.isArray(manifest) ? manifest[0] : undefined;
  const weights: Json = isJsonObject(group) ? (group['weights'] ?? null) : null;
  if (bytes === undefined || !Array.isArray(weights)) return [];
  let end = 0;
  const found = weights.map((weight: Json) => {
    const { name, shape }: JsonObject = isJsonObject(weight) ? weight : {};
    const start = end;
    end +=
      4 *
      (Array.isArray(shape) ? shape.reduce((size: number, length: Json) => size * Number(length), 1) : NaN);
    return `${String(name)} ${sha256(bytes.subarray(start, end))}`;
  });
  return end === bytes.length ? found : [];
}
