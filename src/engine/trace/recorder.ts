/**
 * A tfjs backend that computes nothing: it records the requested operations as a program. tfjs's layers, its automatic
 * differentiation and the optimizers run on it as on any other backend, with shapes instead of numbers.
 */
import type * as tfjs from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';
import type { Tf } from '../engine.ts';
import type { ProgramBuilder } from '../program/builder.ts';
import type { Attributes, OpName, Value } from '../program/program.ts';
import { elementsOf, isDType, ProgramError, type DType, type Elements, type Type } from '../program/types.ts';

/** The name of the backend. */
export const RECORDER = 'hourglass-recorder';

/** Records one trace: which value each tensor stands for, and the program so far. */
export class Recorder {
  readonly #tf: Tf;
  readonly #builder: ProgramBuilder;
  readonly #values = new Map<object, Value>();

  constructor(tf: Tf, builder: ProgramBuilder) {
    this.#tf = tf;
    this.#builder = builder;
  }

  /** Lets the data of a tensor stand for a value. */
  know(dataId: object, value: Value): void {
    this.#values.set(dataId, value);
  }

  /** The value for which a tensor stands; a tensor of another backend is a constant. */
  valueOf({ dataId, shape, dtype }: tfjs.TensorInfo): Value {
    const known = this.#values.get(dataId) ?? this.#constantOf(dataId, typeOf(shape, dtype));
    return known.type.shape.join() === shape.join()
      ? known
      : this.add('reshape', [known], { shape: [...shape] });
  }

  /** Numbers from JavaScript become a constant. */
  write(numbers: tfjs.BackendValues | null, type: Type): object {
    const dataId = {};
    this.know(dataId, this.#constant(type, numbers));
    return dataId;
  }

  add<Op extends OpName>(op: Op, operands: readonly Value[], attributes: Attributes[Op]): Value {
    return this.#builder.add(op, operands, attributes);
  }

  scalar(number: number, dtype?: DType): Value {
    return this.#builder.scalar(number, dtype);
  }

  /** A tensor that stands for a value: the result of a kernel. */
  tensorOf(value: Value): tfjs.TensorInfo {
    const dataId = {};
    this.know(dataId, value);
    return { dataId, shape: [...value.type.shape], dtype: value.type.dtype };
  }

  #constantOf(dataId: object, type: Type): Value {
    const owner = this.#tf.engine().state.tensorInfo.get(dataId)?.backend;
    if (owner === undefined) throw new ProgramError('it reads a tensor that was disposed of');
    const value = this.#constant(type, owner.readSync(dataId));
    this.know(dataId, value);
    return value;
  }

  /** A constant of equal numbers is one number that is broadcast. */
  #constant({ dtype, shape }: Type, numbers: tfjs.BackendValues | null): Value {
    const elements = elementsOf({ dtype, shape });
    if (numbers !== null) elements.set(numbers as Elements);
    const [first = 0] = elements;
    if (shape.length === 0 || sizeOf(shape) === 0 || !elements.every((element) => Object.is(element, first)))
      return this.#builder.constant(dtype, shape, elements);
    return this.add('broadcast', [this.scalar(first, dtype)], { shape });
  }
}

export function typeOf(shape: readonly number[], dtype: string): Type {
  if (!isDType(dtype)) throw new ProgramError(`it computes with ${dtype}`);
  return { dtype, shape: [...shape] };
}

/** The trace that is being recorded, for the kernels. */
export interface Recording {
  current: Recorder | undefined;
}

/** The backend itself: tfjs hands numbers to it, and asks it for numbers. */
export function recorderBackend(tf: Tf, recording: Recording): tfjs.KernelBackend {
  return new (class extends tf.KernelBackend {
    override write(numbers: tfjs.BackendValues, shape: number[], dtype: tfjs.DataType): object {
      return recorderOf(recording).write(numbers, typeOf(shape, dtype));
    }

    override readSync(): never {
      throw new ProgramError('it reads a computed value in JavaScript');
    }

    override read(): never {
      return this.readSync();
    }

    override disposeData(): boolean {
      return true;
    }

    override incRef(): void {
      // Values live as long as the trace.
    }

    override refCount(): number {
      return 1;
    }

    override numDataIds(): number {
      return 0;
    }

    override floatPrecision(): 32 {
      return 32;
    }

    override epsilon(): number {
      return 1e-7;
    }

    override timerAvailable(): boolean {
      return false;
    }

    override dispose(): void {
      // There is nothing to free.
    }
  })();
}

export function recorderOf({ current }: Recording): Recorder {
  if (current === undefined) throw new ProgramError('it uses a tensor of a trace that has ended');
  return current;
}
