import type * as tfjs from '@tensorflow/tfjs';
import type { Tf } from '../engine/engine.ts';
import { repeatRows } from '../engine/train/repeat-rows.ts';

/**
 * A layer that appends one-hot labels to vectors, in a conditional model. If training decodes several samples of each image, a label
 * is repeated for them.
 */
export function appendLabel(tf: Tf, name: string): tfjs.layers.Layer {
  const layer = tf.layers.concatenate({ name, axis: -1 });
  const { call } = layer;
  layer.call = (inputs, kwargs) => {
    const [values, labels] = Array.isArray(inputs) ? inputs : [inputs];
    const [rows = 1, labelRows = 1] = [values?.shape[0], labels?.shape[0]];
    if (values === undefined || labels === undefined || rows === labelRows)
      return call.call(layer, inputs, kwargs);
    return tf.tidy(() => tf.concat([values, repeatRows(labels, rows / labelRows)], -1));
  };
  return layer;
}
