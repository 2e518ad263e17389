/** The history of a training and its files. They contain no times, so that equal trainings write equal files. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../files/atomic.ts';
import type { MeasureName } from '../../engine/train/measures.ts';
import { encodeEvents, EVENT_FILE } from '../../engine/train/tensorboard.ts';
import type { Measured } from '../../engine/train/trainer.ts';

export { measuresOf, type LatentKind } from '../../engine/train/measures.ts';

export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  readonly training: Measured;
  readonly validation?: Measured;
  /** The rate of the epoch's last step; only if it changes during the training. */
  readonly learningRate?: number;
}

/** Numbers of one epoch by their Keras names: `loss`, `val_loss`, then each other metric, followed by its `val_` value. */
export function quantities(
  { training, validation }: EpochRecord,
  measures: readonly MeasureName[],
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    measures.flatMap((name) => {
      const own = training[name];
      const held = validation?.[name];
      return [
        ...(own === undefined ? [] : [[name, own] as const]),
        ...(held === undefined ? [] : [[`val_${name}`, held] as const]),
      ];
    }),
  );
}

/**
 * Writes `history.csv`, with one line per epoch; `history.json`, with one list per quantity; and, on request, TensorBoard events
 * in `tensorboard/train` and `tensorboard/validation`, with Keras's tags (`epoch_loss` in both) and the epochs, from 1, as steps.
 * If the learning rate changes during the training, by a schedule or by `reduce_lr_on_plateau`, the last column is
 * `learning_rate`, the rate of the epoch's last step (`epoch_learning_rate` in `tensorboard/train`).
 */
export async function writeHistory(
  folder: string,
  records: readonly EpochRecord[],
  measures: readonly MeasureName[],
  tensorboard: boolean,
): Promise<void> {
  const rows = records.map((record) => ({
    epoch: record.epoch,
    ...quantities(record, measures),
    ...(record.learningRate === undefined ? {} : { learning_rate: record.learningRate }),
  }));
  const [first] = rows;
  if (first === undefined) throw new Error('no epoch was recorded');
  const columns = Object.keys(first);
  const values = rows.map((row) => Object.values(row));
  const lines = [columns, ...values].map((cells) => cells.join(','));
  await writeFile(join(folder, 'history.csv'), `${lines.join('\n')}\n`);
  const lists = columns.map((name, column) => [name, values.map((row) => row[column])]);
  await writeFile(
    join(folder, 'history.json'),
    `${JSON.stringify(Object.fromEntries(lists), undefined, 2)}\n`,
  );
  if (!tensorboard) return;
  const parts = { train: 'training', validation: 'validation' } as const;
  for (const [name, part] of Object.entries(parts)) {
    const events = records.flatMap((record) => {
      const { epoch, learningRate } = record;
      const rate: Readonly<Record<string, number>> =
        part === 'training' && learningRate !== undefined ? { learning_rate: learningRate } : {};
      const measured = record[part];
      return measured === undefined ? [] : eventsOf(epoch, { ...measured, ...rate });
    });
    if (events.length === 0) continue;
    await makeFolder(join(folder, 'tensorboard', name));
    await writeFile(join(folder, 'tensorboard', name, EVENT_FILE), encodeEvents(events));
  }
}

function eventsOf(
  step: number,
  measured: Readonly<Record<string, number>>,
): { tag: string; step: number; value: number }[] {
  return Object.entries(measured).map(([name, value]) => ({ tag: `epoch_${name}`, step, value }));
}
