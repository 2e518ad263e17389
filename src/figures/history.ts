/** Charts of the values measured after each epoch. */
import { isJsonObject, type Json } from '../core/json.ts';
import type { LinePanel } from './line-chart.ts';

/** What is added to a loss, and the sum of both. */
const SUMS: ReadonlyMap<string, string> = new Map([
  ['iwae', 'importance-weighted bound (nats)'],
  ['kl', 'reconstruction and KL divergence (nats)'],
  ['vq', 'reconstruction and quantization'],
  ['mmd', 'reconstruction and weighted discrepancy'],
]);

/** The loss in the record of a training: `mse`, or a text if it has arguments; undefined if it is unknown. */
export function lossInRecord(loss: Json | undefined): string | undefined {
  if (typeof loss === 'string') return loss;
  const args = isJsonObject(loss) ? loss['Huber'] : undefined;
  const delta = isJsonObject(args) ? args['delta'] : undefined;
  return typeof delta === 'number' ? `Huber, delta ${delta}` : undefined;
}

/** The names of losses and metrics on an axis, with their units. */
const LABELS: ReadonlyMap<string, string> = new Map([
  ['mse', 'mean squared error'],
  ['mae', 'mean absolute error'],
  ['binary_crossentropy', 'binary cross-entropy (nats)'],
  ['reconstruction', 'reconstruction loss'],
  ['kl', 'KL divergence (nats)'],
  ['iwae', 'importance-weighted bound (nats)'],
  ['vq', 'quantization loss'],
  ['mmd', 'maximum mean discrepancy'],
  ['perplexity', 'perplexity of the codes in a batch'],
  ['learning_rate', 'learning rate'],
]);

const VALIDATION = 'val_';

/**
 * One chart for each loss or metric, because their scales differ, with one curve each for training and validation.
 *
 * @param epochs numbers of the epochs
 * @param measured a value for each epoch by the name of the quantity, as Keras names them: `val_` is for validation
 * @param loss the name of the loss, if it is known: `mse`
 */
export function historyPanels(
  epochs: readonly number[],
  measured: ReadonlyMap<string, readonly number[]>,
  loss?: string,
): readonly LinePanel[] {
  const panels = new Map<string, LinePanel>();
  const whole = [...SUMS].find(([added]) => measured.has(added))?.[1] ?? loss;
  for (const [name, values] of measured) {
    const validation = name.startsWith(VALIDATION);
    const quantity = validation ? name.slice(VALIDATION.length) : name;
    const series = {
      name: validation ? 'Validation' : 'Training',
      points: values.map((value, index) => [epochs[index] ?? index + 1, value] as const),
    };
    const drawn = panels.get(quantity)?.series ?? [];
    panels.set(quantity, { yLabel: axisLabel(quantity, whole), series: [...drawn, series] });
  }
  return [...panels.values()];
}

/** `Loss: mean squared error`, `Mean absolute error` */
export function axisLabel(quantity: string, loss: string | undefined): string {
  if (quantity === 'loss') return loss === undefined ? 'Loss' : `Loss: ${LABELS.get(loss) ?? loss}`;
  const name = LABELS.get(quantity) ?? quantity;
  return name.charAt(0).toUpperCase() + name.slice(1);
}
