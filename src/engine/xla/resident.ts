/** Samples in TensorFlow's memory, uploaded once. */
import type { NativeBackend } from '../tensorflow/addon.ts';
import type { HeldNumbers } from '../../formats/numbers.ts';
import type { HeldSamples } from '../train/samples.ts';

/** Samples that are in TensorFlow's memory. */
export interface ResidentSamples {
  readonly dtype: 'uint8' | 'float32';
  readonly count: number;
  /** Without the axis of the samples. */
  readonly shape: readonly number[];
  readonly scale: number;
  readonly offset: number;
}

export class ResidentData {
  readonly #backend: NativeBackend;
  readonly #ids = new Map<HeldNumbers, number>();

  constructor(backend: NativeBackend) {
    this.#backend = backend;
  }

  /** The number of the tensor that holds the samples' stored values: bytes stay bytes. */
  tensorOf({ data, count, shape }: HeldSamples): number {
    const known = this.#ids.get(data);
    if (known !== undefined) return known;
    const { binding } = this.#backend;
    const dtype = data instanceof Uint8Array ? binding.TF_UINT8 : binding.TF_FLOAT;
    const id = binding.createTensor([count, ...shape], dtype, data);
    this.#ids.set(data, id);
    return id;
  }

  dispose(): void {
    for (const id of this.#ids.values()) this.#backend.binding.deleteTensor(id);
    this.#ids.clear();
  }
}
