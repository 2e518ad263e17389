/** Runs a program that the module has read, in Node and in pages. */
import { floatBits } from '../lowering/kernel-calls.ts';
import { ProgramError } from '../program/types.ts';
import type { Instance } from './instance.ts';

/** Samples in the module's memory. A stored value `v` stands for `v * scale + offset`. */
export interface ResidentRows {
  /** 0 for an input that stays as it is. */
  readonly at: number;
  readonly isBytes: boolean;
  readonly count: number;
  readonly scale: number;
  readonly offset: number;
}

export interface Run {
  /** From 0. */
  readonly steps: number;
  /** One for each input of the program; without any, inputs stay as they were written. */
  readonly inputs?: readonly ResidentRows[];
  /** Numbers of rows, [steps, batch]. */
  readonly rows?: Int32Array;
  /** The sum of the first result so far: changed in place. */
  readonly totals?: Totals;
}

/** A sum in float32, and its rounding error. */
export interface Totals {
  readonly sum: Float32Array;
  readonly lost: Float32Array;
}

/** A program as words, and what a call of it must know. */
export interface RunnableProgram {
  readonly words: Int32Array;
  /** How many inputs it has. */
  readonly inputs: number;
  /** Bytes that one step of a call collects. */
  readonly collectedBytes: number;
}

/** Bytes of `Call` and of `Rows` in `kernels/executor.h`. */
const CALL_BYTES = 24;
const ROWS_BYTES = 20;

export class Runner {
  readonly #instance: Instance;
  readonly #program: RunnableProgram;
  readonly #pointer: number;
  /** Memory for the arguments and results of a call; grows. */
  #scratch = { at: 0, bytes: 0 };

  /** @throws ProgramError if the module refuses the words; Failure `model-too-large` */
  constructor(instance: Instance, program: RunnableProgram) {
    this.#instance = instance;
    this.#program = program;
    this.#pointer = instance.load(program.words);
    if (this.#pointer === 0) throw new ProgramError('the module refuses the program');
  }

  /**
   * Takes steps in one call of the module.
   *
   * @returns what is collected, one step after the other
   * @throws Failure `model-too-large`, `engine-failed`
   */
  run(run: Run): Uint8Array<ArrayBuffer> {
    const instance = this.#instance;
    const { call, sums, lost, collected, bytes } = this.#prepare(run);
    instance.call(() => instance.exports.run(this.#pointer, call));
    const { totals } = run;
    if (totals !== undefined) {
      totals.sum.set(instance.floats(sums, totals.sum.length));
      totals.lost.set(instance.floats(lost, totals.lost.length));
    }
    return new Uint8Array(instance.bytes.subarray(collected, collected + bytes));
  }

  /** One call of a kernel alone, in the order of `lowering.ts`. */
  runCall(index: number): void {
    this.#instance.call(() => this.#instance.exports.runTask(this.#pointer, index));
  }

  /** Frees the program. */
  dispose(): void {
    this.#instance.unload(this.#pointer);
    if (this.#scratch.bytes > 0) this.#instance.release(this.#scratch.at);
  }

  /** Writes the arguments: `Call`, `Rows`, the sums, the numbers of rows, and room for what is collected. */
  #prepare({ steps, inputs = [], rows, totals }: Run): {
    readonly call: number;
    readonly sums: number;
    readonly lost: number;
    readonly collected: number;
    readonly bytes: number;
  } {
    const instance = this.#instance;
    const count = this.#program.inputs;
    const width = totals?.sum.length ?? 0;
    const bytes = steps * this.#program.collectedBytes;
    const rowsAt = CALL_BYTES + count * ROWS_BYTES;
    const sumsAt = rowsAt + (rows?.length ?? 0) * 4;
    const collectedAt = sumsAt + width * 8;
    const at = this.#room(collectedAt + bytes);
    const [sums, lost, collected] = [at + sumsAt, at + sumsAt + width * 4, at + collectedAt];
    const words = instance.integers(at, rowsAt / 4);
    words.set([
      ...[steps, at + rowsAt, totals === undefined ? 0 : sums, totals === undefined ? 0 : lost],
      ...[bytes === 0 ? 0 : collected, at + CALL_BYTES],
    ]);
    for (let index = 0; index < count; index++) {
      const input = inputs[index];
      const data =
        input === undefined
          ? [0, 0, 0, 0, 0]
          : [
              ...[input.at, Number(input.isBytes), input.count],
              ...[floatBits(input.scale), floatBits(input.offset)],
            ];
      words.set(data, (CALL_BYTES + index * ROWS_BYTES) / 4);
    }
    if (rows !== undefined) instance.integers(at + rowsAt, rows.length).set(rows);
    if (totals !== undefined) {
      instance.floats(sums, width).set(totals.sum);
      instance.floats(lost, width).set(totals.lost);
    }
    return { call: at, sums, lost, collected, bytes };
  }

  #room(bytes: number): number {
    const instance = this.#instance;
    if (bytes > this.#scratch.bytes) {
      if (this.#scratch.bytes > 0) instance.release(this.#scratch.at);
      this.#scratch = { at: 0, bytes: 0 };
      this.#scratch = { at: instance.allocate(bytes), bytes };
    }
    return this.#scratch.at;
  }
}
