/** The table of a model's layers, as Keras 3 prints it. */
import type * as tfjs from '@tensorflow/tfjs';
import { isJsonObject } from '../core/json.ts';
import { sizeOf } from '../core/shape.ts';
import { listAt, objectAt } from '../schema/view.ts';
import { giversOf, topologyOf } from './stock.ts';

const HEADINGS = ['Layer (type)', 'Output Shape', 'Param #', 'Connected to'] as const;

/** Widths of the columns if no text is longer. Lines then have 76 characters. */
const WIDTHS = { sequence: [31, 22, 13], graph: [20, 17, 10, 16] } as const;

/**
 * The table of a model, ending with a line break: a row for each layer, and the numbers of parameters with the memory that
 * they take. If the layers are not a plain sequence, it says which outputs a layer takes.
 */
export function modelSummary(model: tfjs.LayersModel): string {
  const givers = listAt(objectAt(topologyOf(model), 'config'), 'layers')
    .filter(isJsonObject)
    .map(giversOf);
  const isGraph = givers.some(({ length }) => length > 1);
  const rows = model.layers.map((layer, index) => [
    [`${layer.name} (${layer.getClassName()})`],
    [shapeText(layer.outputShape)],
    [layer.countParams().toLocaleString('en-US')],
    ...(isGraph ? [connectionText(givers[index] ?? [])] : []),
  ]);
  const widths = WIDTHS[isGraph ? 'graph' : 'sequence'].map((width, column) =>
    Math.max(width, ...rows.flatMap((row) => (row[column] ?? []).map((text) => text.length))),
  );
  const rule = (left: string, line: string, middle: string, right: string): string =>
    `${left}${widths.map((width) => line.repeat(width + 2)).join(middle)}${right}`;
  const line = (cells: readonly string[], bar: string): string => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? '';
      return column === 2 ? cell.padStart(width) : cell.padEnd(width);
    });
    return `${bar} ${padded.join(` ${bar} `)} ${bar}`;
  };
  const body = rows.flatMap((row, index) => [
    ...(index === 0 ? [] : [rule('├', '─', '┼', '┤')]),
    ...Array.from({ length: Math.max(...row.map((cell) => cell.length)) }, (_, at) =>
      line(
        row.map((cell) => cell[at] ?? ''),
        '│',
      ),
    ),
  ]);
  const trainable = parametersOf(model.trainableWeights);
  const fixed = parametersOf(model.nonTrainableWeights);
  return [
    `Model: "${model.name}"`,
    rule('┏', '━', '┳', '┓'),
    line(HEADINGS, '┃'),
    rule('┡', '━', '╇', '┩'),
    ...body,
    rule('└', '─', '┴', '┘'),
    ` Total params: ${countText(trainable + fixed)}`,
    ` Trainable params: ${countText(trainable)}`,
    ` Non-trainable params: ${countText(fixed)}`,
    '',
  ].join('\n');
}

/** A line for each output that a layer takes, `conv2d[0][0]`; `-` for an input. */
function connectionText(givers: readonly string[]): readonly string[] {
  if (givers.length === 0) return ['-'];
  return givers.map((giver, index) => `${giver}[0][0]${index < givers.length - 1 ? ',' : ''}`);
}

function parametersOf(weights: readonly tfjs.LayerVariable[]): number {
  return weights.reduce((sum, { shape }) => sum + sizeOf(shape.map((length) => length ?? 0)), 0);
}

/** `(None, 28, 28, 1)`; the first axis is the batch, of any length. */
function shapeText(shape: tfjs.Shape | tfjs.Shape[]): string {
  return `(${shape.map((length) => length ?? 'None').join(', ')})`;
}

/** `102,113 (398.88 KB)`: a number of float32 values, and their memory. */
function countText(count: number): string {
  let size = count * Float32Array.BYTES_PER_ELEMENT;
  let unit = 0;
  const units = ['B', 'KB', 'MB', 'GB'];
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${count.toLocaleString('en-US')} (${size.toFixed(2)} ${units[unit]})`;
}
