/** How often a quantised latent uses each of its codes. */
import type { LayersModel } from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';
import type { Tf } from '../engine.ts';
import { classesOf, conditioned, withLabels } from './condition.ts';
import { onlyTensor } from './forward.ts';
import { forwardWork, modelShapes, modelState } from './predict.ts';
import { quantizerLayer } from './quantizer.ts';
import { computeRows, type ForwardEngine, type RowOptions, type RowWork } from './rows.ts';
import type { Samples } from './samples.ts';

/** Finds the codes of images. */
export interface CodeChooser {
  readonly inputShape: readonly number[];
  /** Of a conditional model: how many classes it knows. */
  readonly classes: number | undefined;
  readonly codes: number;
  /** 1 for the code of each vector and 0 for the others: [rows, ..., codes] */
  readonly work: Omit<RowWork, 'samples'>;
}

/** @param choices from images to the choices of their vectors */
export function savedChooser(tf: Tf, choices: LayersModel): CodeChooser {
  const { inputShape, outputShape } = modelShapes(choices);
  const classes = classesOf(choices);
  return { inputShape, classes, codes: outputShape.at(-1) ?? 0, work: forwardWork(tf, choices) };
}

/** The same for an encoder in training; undefined if it has no codes. */
export function trainedChooser(tf: Tf, encoder: LayersModel): CodeChooser | undefined {
  const quantizer = quantizerLayer(encoder);
  if (quantizer === undefined) return undefined;
  const { codes } = quantizer;
  const { inputShape, outputShape } = modelShapes(encoder);
  const classes = classesOf(encoder);
  const vectors = sizeOf(outputShape.slice(0, -1));
  // Up to the latent.
  const encode = tf.model({ inputs: encoder.inputs, outputs: quantizer.getInputAt(0) });
  return {
    inputShape,
    classes,
    codes,
    work: {
      state: modelState(tf, encoder),
      compute: (inputs) => {
        const { rest, join } = conditioned(tf, inputs, classes);
        const [x] = rest;
        if (x === undefined) throw new TypeError('a model without an input');
        const given = onlyTensor(encode.apply(join(x), { training: false }));
        return [quantizer.quantize(given).choice.reshape([-1, vectors, codes])];
      },
    },
  };
}

export class CodeCounts {
  readonly #counts: Float64Array;

  private constructor(codes: number) {
    this.#counts = new Float64Array(codes);
  }

  /**
   * @param rows numbers of images
   * @throws Failure `interrupted`
   */
  static async of(
    engine: ForwardEngine,
    { inputShape, classes, codes, work }: CodeChooser,
    images: Samples,
    rows: Int32Array,
    options: RowOptions,
  ): Promise<CodeCounts> {
    const found = new CodeCounts(codes);
    const all = { samples: withLabels([{ ...images, shape: inputShape }], classes), ...work };
    for await (const { results } of computeRows(engine, all, rows, options)) found.#add(results[0]);
    return found;
  }

  #add(choices: Float32Array = new Float32Array()): void {
    const { codes } = this;
    choices.forEach((value, index) => {
      const code = index % codes;
      if (value > 0) this.#counts[code] = (this.#counts[code] ?? 0) + value;
    });
  }

  get codes(): number {
    return this.#counts.length;
  }

  /** Codes that are used at all. */
  get used(): number {
    return this.#counts.filter((count) => count > 0).length;
  }

  /** The exponential of the entropy of the codes' shares, in nats: the number of codes if all are used equally often. */
  get perplexity(): number {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    const entropy = this.#counts.reduce((sum, count) => {
      const share = count / total;
      return share > 0 ? sum - share * Math.log(share) : sum;
    }, 0);
    return Math.exp(entropy);
  }
}
