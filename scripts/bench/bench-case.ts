/** A case with all arguments of its layers and optimizer filled in. */
import type { Json, JsonObject } from '../../src/core/json.ts';
import { Validator } from '../../src/config/validator.ts';
import type { LossName } from '../../src/engine/train/losses.ts';
import type { OptimizerChoice } from '../../src/engine/train/optimizers/optimizer.ts';
import type { Architecture } from '../../src/layers/layer.ts';
import { inferAutoencoder, type PlacedLayer } from '../../src/layers/shapes.ts';
import { optimizerChoice } from '../../src/nodes/train/optimizer.ts';
import type { ModelSettings, TrainSettings } from '../../src/schema/generated/settings.ts';
import { readSchema } from '../../src/schema/schemas.ts';
import type { DataName } from './data.ts';
import type { WrittenModel } from './models.ts';

interface Shared {
  readonly name: string;
  readonly loss: LossName;
  /** As in a `train` stage, for a quantised latent. */
  readonly divide_by_variance?: boolean;
  /** The case without what this one adds: Hourglass is timed on both in turns, to see the cost. */
  readonly without?: string;
  readonly data: DataName;
  readonly batch: number;
  /** Training steps per stretch. */
  readonly steps: number;
}

/** A case as written in pipelines. */
export interface WrittenCase extends Shared {
  readonly model: WrittenModel;
  readonly optimizer: Json;
}

export interface BenchCase extends Shared {
  readonly architecture: Architecture;
  readonly optimizer: OptimizerChoice;
}

/** @throws TypeError if it does not match the schemas */
export function completeCase({ model, optimizer, ...shared }: WrittenCase): BenchCase {
  const stage = { type: 'model', ...model } as unknown as JsonObject;
  const { input_shape, classes, encoder, decoder } = complete<ModelSettings>('model', stage, shared.name);
  const { loss, divide_by_variance: divides } = shared;
  const train = {
    ...{ type: 'train', model: 'model', data: 'data', epochs: 1, loss, optimizer },
    ...(divides === undefined ? {} : { divide_by_variance: divides }),
  };
  const settings = complete<TrainSettings>('train', train, shared.name);
  return {
    ...shared,
    architecture: { input_shape, ...(classes === undefined ? {} : { classes }), encoder, decoder },
    optimizer: optimizerChoice(settings.optimizer),
  };
}

/** Fills in the defaults of a stage's schema. The type of its settings is generated from the same schema. */
function complete<Settings>(type: string, settings: JsonObject, name: string): Settings {
  const data = structuredClone(settings);
  const { errors } = Validator.shared().validate(readSchema(`stages/${type}`), data);
  const [first] = errors;
  if (first !== undefined) throw new TypeError(`${name}: ${first.instancePath} ${first.message ?? ''}`);
  return data as unknown as Settings;
}

/** The layers of the encoder, then those of the decoder, with their shapes. */
export function placedLayers({ name, architecture }: BenchCase): readonly PlacedLayer[] {
  const shapes = inferAutoencoder(architecture, ({ message }) => {
    throw new TypeError(`${name}: ${message}`);
  });
  return shapes === undefined ? [] : [...shapes.encoder, ...shapes.decoder];
}

export function hasConvolutions(benchCase: BenchCase): boolean {
  return placedLayers(benchCase).some(({ layer }) => layer.name.startsWith('Conv2D'));
}
