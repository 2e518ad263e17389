/** tfjs for tracing, if no engine is loaded. */
import { loadTfjs } from '../tensorflow/addon.ts';
import type { Tf } from '../engine.ts';
import { registerReluGradient } from '../tfjs/relu-gradient.ts';

/** Loads tfjs on its plain JavaScript backend, which only holds the weights: tracing computes nothing. */
export async function loadForTracing(): Promise<Tf> {
  const tf = loadTfjs();
  await tf.setBackend('cpu');
  // The same gradients as in engines.
  registerReluGradient(tf);
  return tf;
}
