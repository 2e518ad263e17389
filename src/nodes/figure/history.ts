/** `kind: history`: curves of what a train stage measured after each epoch. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FigureSettings, HistoryFigureSettings } from '../../config/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { isJsonObject } from '../../core/json.ts';
import type { Figure } from '../../figures/figure.ts';
import { lineChart, type LineSeries } from '../../figures/line-chart.ts';
import type { StageContext } from '../contract.ts';
import { inputFolder } from './tiles.ts';

/** What a loss or a metric is called on an axis. */
const LABELS: Readonly<Record<string, string>> = {
  mse: 'Mean squared error',
  mae: 'Mean absolute error',
  binary_crossentropy: 'Binary cross-entropy (nats)',
};

export async function drawHistory(
  context: StageContext<FigureSettings>,
  settings: HistoryFigureSettings,
): Promise<Figure> {
  const folder = inputFolder(context, 'model');
  const columns = await readHistory(join(folder, 'history.json'));
  const loss = await readLoss(join(folder, 'training.json'));
  const names: readonly string[] = settings.quantities ?? [...columns.keys()];
  const series = names.map((name): LineSeries => {
    const values = columns.get(name);
    if (values === undefined) {
      throw failure(
        'bad-setting',
        `\`${name}\` was not measured`,
        `measured were: ${[...columns.keys()].join(', ')}`,
      );
    }
    return { name: nameOf(name), points: values.map((value, index) => [index + 1, value]) };
  });
  const measured = new Set(names.map((name) => name.replace(/^val_/, '')));
  const yLabel =
    measured.size > 1 ? 'Loss and metrics' : (LABELS[[...measured][0] ?? ''] ?? LABELS[loss] ?? 'Loss');
  return lineChart({ title: settings.title, xLabel: 'Epoch', yLabel, series });
}

/** One list a quantity, one value an epoch. */
type History = ReadonlyMap<string, readonly number[]>;

async function readHistory(path: string): Promise<History> {
  const value: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (!isJsonObject(value)) throw failure('data-corrupt', `\`${path}\` is not the history of a training`);
  return new Map(
    Object.entries(value).flatMap(([name, list]) =>
      name !== 'epoch' && Array.isArray(list) ? [[name, list.map(Number)] as const] : [],
    ),
  );
}

/** The name of the loss that a stage trained with. */
async function readLoss(path: string): Promise<string> {
  const value: unknown = JSON.parse(await readFile(path, 'utf8'));
  return isJsonObject(value) && typeof value['loss'] === 'string' ? value['loss'] : '';
}

/** `loss` -> Training, `val_loss` -> Validation, `val_mse` -> Validation mse. */
function nameOf(quantity: string): string {
  const metric = quantity.replace(/^val_/, '');
  const part = quantity.startsWith('val_') ? 'Validation' : 'Training';
  return metric === 'loss' ? part : `${part} ${metric}`;
}
