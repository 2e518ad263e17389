/** `kind: history`: curves of the values that a train stage measured after each epoch. */
import { join } from 'node:path';
import type { FigureSettings, HistoryFigureSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { Json } from '../../core/json.ts';
import type { Figure } from '../../figures/figure.ts';
import { historyPanels, lossInRecord } from '../../figures/history.ts';
import { linePanels } from '../../figures/line-chart.ts';
import type { StageContext } from '../contract.ts';
import { requireInput } from '../train/pairs.ts';
import { readJson } from './records.ts';

export async function drawHistory(
  { inputs }: StageContext<FigureSettings>,
  { quantities, title }: HistoryFigureSettings,
): Promise<Figure> {
  const { folder, stage } = requireInput(inputs, 'model');
  const { epoch, ...measured } = await readJson(join(folder, 'history.json'));
  const { loss } = await readJson(join(folder, 'training.json'));
  const chosen = new Map<string, readonly number[]>();
  for (const name of quantities ?? Object.keys(measured)) {
    const values = measured[name];
    if (values === undefined) {
      throw failure(
        'bad-setting',
        `\`${stage}\` did not measure \`${name}\``,
        `it measured: ${Object.keys(measured).join(', ')}`,
      );
    }
    chosen.set(name, numbers(values));
  }
  const panels = historyPanels(numbers(epoch), chosen, lossInRecord(loss));
  return linePanels({ title, xLabel: 'Epoch', panels });
}

/** Numbers of a list. JSON has null for numbers that it cannot represent, such as NaN. */
function numbers(list: Json | undefined): readonly number[] {
  return Array.isArray(list)
    ? list.map((value: Json) => (typeof value === 'number' ? value : Number.NaN))
    : [];
}
