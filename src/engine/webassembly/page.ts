/**
 * The portable engine in a page. It needs no isolation, worker or request: memory is not shared, and one thread computes. The
 * page's content security policy must allow `wasm-unsafe-eval`.
 */
import { failure } from '../../core/diagnostic.ts';
import { sizeOf } from '../../core/shape.ts';
import { makeMemory, whyMissing, withoutSharing } from './binary.ts';
import { Instance } from './instance.ts';
import { decodeModelFile, relocate, type ModelFile } from './model-file.ts';
import { Runner } from './runner.ts';

export class PageEngine {
  readonly #instance: Instance;

  private constructor(instance: Instance) {
    this.#instance = instance;
  }

  /**
   * @param wasm `hourglass.wasm`
   * @throws Failure `webassembly-missing`, `system-limit`
   */
  static async start(wasm: Uint8Array): Promise<PageEngine> {
    const missing = whyMissing();
    if (missing !== undefined) throw failure('webassembly-missing', missing);
    const memory = makeMemory(false);
    if (memory === undefined)
      throw failure('system-limit', 'the browser does not provide memory for WebAssembly');
    const module = await WebAssembly.compile(withoutSharing(wasm));
    return new PageEngine(new Instance(await WebAssembly.instantiate(module, { env: { memory } }), memory));
  }

  /**
   * @param file as `portable-model.ts` writes it
   * @throws Failure `data-corrupt`, `model-too-large`
   */
  open(file: Uint8Array): PageModel {
    return new PageModel(this.#instance, decodeModelFile(file));
  }
}

export class PageModel {
  readonly #instance: Instance;
  readonly #file: ModelFile;
  readonly #base: number;
  readonly #runner: Runner;

  constructor(instance: Instance, file: ModelFile) {
    this.#instance = instance;
    this.#file = file;
    this.#base = instance.allocate(file.memory);
    try {
      for (const { at, bytes } of file.contents) instance.bytes.set(bytes, this.#base + at);
      const words = relocate(file, this.#base);
      this.#runner = new Runner(instance, { words, inputs: 1, collectedBytes: 0 });
    } catch (error) {
      instance.release(this.#base);
      throw error;
    }
  }

  /** Of one row. */
  get inputShape(): readonly number[] {
    return this.#file.inputShape;
  }

  get outputShape(): readonly number[] {
    return this.#file.outputShape;
  }

  /**
   * Computes the outputs of rows, a batch at a time. The last batch is padded with zeros.
   *
   * @param rows row-major [rows, ...input shape]
   * @returns row-major [rows, ...output shape]
   * @throws RangeError if the last row is incomplete; Failure `engine-failed`
   */
  predict(rows: Float32Array): Float32Array {
    const { batchSize, inputShape, outputShape, input, output } = this.#file;
    const [width, outputWidth] = [sizeOf(inputShape), sizeOf(outputShape)];
    const count = rows.length / width;
    if (!Number.isInteger(count)) throw new RangeError(`rows have ${width} values`);
    const outputs = new Float32Array(count * outputWidth);
    for (let row = 0; row < count; row += batchSize) {
      const batch = rows.subarray(row * width, (row + batchSize) * width);
      const place = this.#instance.floats(this.#base + input, batchSize * width);
      place.set(batch);
      place.fill(0, batch.length);
      this.#runner.run({ steps: 1 });
      const taken = (batch.length / width) * outputWidth;
      outputs.set(this.#instance.floats(this.#base + output, taken), row * outputWidth);
    }
    return outputs;
  }

  /** Frees its memory; it cannot be used afterwards. */
  dispose(): void {
    this.#runner.dispose();
    this.#instance.release(this.#base);
  }
}
