/** The table of a model's layers, as Keras 3 prints it. */
import type * as tfjs from '@tensorflow/tfjs';
import { sizeOf } from '../core/shape.ts';

const HEADINGS = ['Layer (type)', 'Output Shape', 'Param #'] as const;

/** Widths of the columns if no text is longer; lines then have 76 characters. */
const WIDTHS = [31, 22, 13] as const;

type Row = readonly [layer: string, shape: string, parameters: string];

/**
 * The table of a model, ending with a line break: a row for each layer, and the numbers of parameters with the memory that
 * they take.
 */
export function modelSummary(model: tfjs.LayersModel): string {
  const rows = model.layers.map((layer): Row => [
    `${layer.name} (${layer.getClassName()})`,
    shapeText(layer.outputShape),
    layer.countParams().toLocaleString('en-US'),
  ]);
  const widths = WIDTHS.map((width, column) =>
    Math.max(width, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const rule = (left: string, line: string, middle: string, right: string): string =>
    `${left}${widths.map((width) => line.repeat(width + 2)).join(middle)}${right}`;
  const line = (cells: readonly string[], bar: string): string => {
    const padded = cells.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 2 ? cell.padStart(width) : cell.padEnd(width);
    });
    return `${bar} ${padded.join(` ${bar} `)} ${bar}`;
  };
  const body = rows.flatMap((row, index) => [
    ...(index === 0 ? [] : [rule('├', '─', '┼', '┤')]),
    line(row, '│'),
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
