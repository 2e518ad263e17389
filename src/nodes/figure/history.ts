/** `kind: history`: curves of what a train stage measured after each epoch. */
import { join } from 'node:path';
import type { FigureSettings, HistoryFigureSettings } from '../../config/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { Json } from '../../core/json.ts';
import type { Figure } from '../../figures/figure.ts';
import { linePanels, type LinePanel } from '../../figures/line-chart.ts';
import type { StageContext } from '../contract.ts';
import { requireInput } from '../train/pairs.ts';
import { readJson } from './records.ts';

/** What losses and metrics are called on an axis, with the unit of those that have one. */
const LABELS: ReadonlyMap<string, string> = new Map([
  ['mse', 'mean squared error'],
  ['mae', 'mean absolute error'],
  ['binary_crossentropy', 'binary cross-entropy (nats)'],
  ['learning_rate', 'learning rate'],
]);

const VALIDATION = 'val_';

/** One chart a loss or metric, since their scales differ; in it, one curve each for training and validation. */
export async function drawHistory(
  { inputs }: StageContext<FigureSettings>,
  { quantities, title }: HistoryFigureSettings,
): Promise<Figure> {
  const { folder, stage } = requireInput(inputs, 'model');
  const { epoch, ...measured } = await readJson(join(folder, 'history.json'));
  const { loss } = await readJson(join(folder, 'training.json'));
  const epochs = numbers(epoch);

  const panels = new Map<string, LinePanel>();
  for (const name of quantities ?? Object.keys(measured)) {
    const values = measured[name];
    if (values === undefined) {
      throw failure(
        'bad-setting',
        `\`${stage}\` did not measure \`${name}\``,
        `it measured: ${Object.keys(measured).join(', ')}`,
      );
    }
    const validation = name.startsWith(VALIDATION);
    const quantity = validation ? name.slice(VALIDATION.length) : name;
    const series = {
      name: validation ? 'Validation' : 'Training',
      points: numbers(values).map((value, index) => [epochs[index] ?? index + 1, value] as const),
    };
    const drawn = panels.get(quantity)?.series ?? [];
    panels.set(quantity, { yLabel: axisLabel(quantity, loss), series: [...drawn, series] });
  }
  return linePanels({ title, xLabel: 'Epoch', panels: [...panels.values()] });
}

/** `Loss: mean squared error`, `Mean absolute error` */
function axisLabel(quantity: string, loss: Json | undefined): string {
  if (quantity === 'loss') {
    const name = typeof loss === 'string' ? (LABELS.get(loss) ?? loss) : undefined;
    return name === undefined ? 'Loss' : `Loss: ${name}`;
  }
  const name = LABELS.get(quantity) ?? quantity;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Numbers of a list; what JSON cannot hold as a number, such as NaN, stands in it as null. */
function numbers(list: Json | undefined): readonly number[] {
  return Array.isArray(list)
    ? list.map((value: Json) => (typeof value === 'number' ? value : Number.NaN))
    : [];
}
