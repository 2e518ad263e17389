/** Checkpoints of a training after each epoch, from which a killed or extended training resumes. */
import type { Checkpoint } from '../../artifacts/checkpoints.ts';
import type { NamedArray } from '../../formats/safetensors.ts';
import type { TrainSettings } from '../../schema/generated/settings.ts';
import type { JsonObject } from '../../core/json.ts';
import { isJsonObject } from '../../core/json.ts';
import type { Tf } from '../../engine/engine.ts';
import { readVariables, writeVariables } from '../../engine/train/state.ts';
import type { Trainer } from '../../engine/train/trainer.ts';
import type { StageContext } from '../contract.ts';
import type { FitState, Snapshot } from './fit.ts';
import type { EpochRecord } from './history.ts';

type Context = Pick<StageContext<TrainSettings>, 'settings' | 'folder' | 'checkpoints' | 'log'>;

/** Prefix of weights in the state of a trainer. */
const WEIGHTS = 'weights/';

const SNAPSHOTS = ['best', 'kept'] as const;

/** Writes checkpoints while the next epoch is already running. */
export class Checkpointer {
  readonly #context: Context;
  readonly #trainer: Pick<Trainer, 'state'>;
  /** The newest state that is not yet written. */
  #unsaved: Checkpoint | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** Why the last one could not be written. */
  #failure: { readonly error: unknown } | undefined;

  constructor(context: Context, trainer: Pick<Trainer, 'state'>) {
    this.#context = context;
    this.#trainer = trainer;
  }

  /**
   * Accepts the state after an epoch, and starts writing it if a checkpoint is due.
   *
   * @param files all finished artifacts, relative to the stage's folder
   * @throws Failure if an earlier checkpoint could not be written
   */
  async take(epoch: number, state: FitState, files: readonly string[]): Promise<void> {
    const arrays = [...(await readVariables(this.#trainer.state)), ...snapshotArrays(epoch, state)];
    this.#unsaved = { epoch, arrays, notes: notesOf(state), files };
    if (epoch % this.#context.settings.checkpoint.every === 0) await this.#write();
  }

  /** Writes the newest state if it is not yet written, and waits until it is on disk. */
  async finish(): Promise<void> {
    await this.#write();
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Starts writing once the previous checkpoint is written. */
  async #write(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure.error;
    const checkpoint = this.#unsaved;
    if (checkpoint === undefined) return;
    this.#unsaved = undefined;
    const { checkpoints, folder } = this.#context;
    this.#writing = (checkpoints?.save(checkpoint, folder) ?? Promise.resolve()).catch((error: unknown) => {
      this.#failure = { error };
    });
  }
}

/** Best and kept weights, unless they are those of the epoch itself, which are in the trainer's state. */
function snapshotArrays(epoch: number, state: FitState): readonly NamedArray[] {
  return SNAPSHOTS.flatMap((name) => {
    const snapshot = state[name];
    return snapshot === undefined || snapshot.epoch === epoch
      ? []
      : snapshot.weights.map((array) => ({ ...array, name: `${name}/${array.name}` }));
  });
}

function notesOf({ records, best, kept }: FitState): JsonObject {
  return {
    records: records.map((record): JsonObject => ({ ...record })),
    ...(best === undefined ? {} : { best: best.epoch }),
    ...(kept === undefined ? {} : { kept: kept.epoch }),
  };
}

export interface Restored {
  readonly state: FitState;
  /** Artifacts restored to the stage's folder. */
  readonly files: readonly string[];
}

/** Loads the newest intact checkpoint into the trainer, and restores its finished artifacts to the stage's folder. */
export async function restore(
  { settings, folder, checkpoints, log }: Context,
  tf: Tf,
  trainer: Pick<Trainer, 'state'>,
): Promise<Restored | undefined> {
  const checkpoint = await checkpoints?.restore(settings.epochs, folder, (name) => {
    log(
      'warn',
      `the checkpoint \`${name}\` is damaged: it was removed, and training resumes from an earlier one`,
    );
  });
  if (checkpoint === undefined) return undefined;
  const { epoch, arrays, notes, files } = checkpoint;
  writeVariables(tf, trainer.state, arrays.slice(0, trainer.state.length));
  log('info', `resumes after epoch ${epoch}`);
  const snapshots = SNAPSHOTS.flatMap((name) => {
    const snapshot = snapshotOf(name, epoch, arrays, notes[name]);
    return snapshot === undefined ? [] : [[name, snapshot] as const];
  });
  return { state: { records: recordsOf(notes), ...Object.fromEntries(snapshots) }, files };
}

function snapshotOf(
  name: (typeof SNAPSHOTS)[number],
  epoch: number,
  arrays: readonly NamedArray[],
  taken: unknown,
): Snapshot | undefined {
  if (typeof taken !== 'number') return undefined;
  const prefix = taken === epoch ? WEIGHTS : `${name}/`;
  const weights = arrays
    .filter((array) => array.name.startsWith(prefix))
    .map((array) => ({ ...array, name: array.name.slice(prefix.length) }));
  return { epoch: taken, weights };
}

function recordsOf({ records }: JsonObject): readonly EpochRecord[] {
  if (!Array.isArray(records) || !records.every(isRecord))
    throw new TypeError('a checkpoint without records');
  return records;
}

function isRecord(value: unknown): value is EpochRecord {
  return isJsonObject(value) && typeof value['epoch'] === 'number' && isJsonObject(value['training']);
}
