/** Functions of tensors that are computed repeatedly with other numbers: by TensorFlow, or as a program in WebAssembly. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Engine } from './engine.ts';
import { compile } from './program/compile.ts';
import type { Shape } from './program/types.ts';
import { trace } from './trace/trace.ts';

/** The part of an engine that computes. */
export type ComputingEngine = Pick<Engine, 'tf' | 'executor'>;

/** New numbers for some inputs, row-major, as many as the input's shape has; other inputs keep theirs. */
export type Numbers<Name extends string> = Readonly<Partial<Record<Name, Float32Array>>>;

export interface Computation<Name extends string> {
  write(numbers: Numbers<Name>): void;
  /**
   * Writes, then computes.
   *
   * @returns a copy of the elements of each result
   */
  run(numbers: Numbers<Name>): readonly Float32Array[];
  dispose(): void;
}

/**
 * @param shapes of the inputs, which are float32 and initially 0
 * @param compute only tensor operations; its results are float32
 */
export function prepareComputation<Name extends string>(
  { tf, executor }: ComputingEngine,
  shapes: Readonly<Record<Name, Shape>>,
  compute: (inputs: Readonly<Record<Name, Tensor>>) => readonly Tensor[],
): Computation<Name> {
  const names = Object.keys(shapes) as Name[];
  const named = (tensors: readonly Tensor[]): Readonly<Record<Name, Tensor>> =>
    Object.fromEntries(names.map((name, index) => [name, tensors[index]])) as Record<Name, Tensor>;
  if (executor === undefined) {
    const held = new Map(names.map((name) => [name, tf.zeros([...shapes[name]])]));
    const write = (numbers: Numbers<Name>): void => {
      for (const name of names) {
        const given = numbers[name];
        if (given === undefined) continue;
        const tensor = tf.tensor(given, [...shapes[name]]);
        held.get(name)?.dispose();
        held.set(name, tensor);
      }
    };
    return {
      write,
      run(numbers) {
        write(numbers);
        const results: Float32Array[] = [];
        // Not returned: `tidy` looks at each number of a returned array.
        tf.tidy(() => {
          for (const tensor of compute(named([...held.values()]))) results.push(copyOf(tensor.dataSync()));
        });
        return results;
      },
      dispose: () => tf.dispose([...held.values()]),
    };
  }
  const program = trace(tf, {
    inputs: names.map((name) => ({ name, type: { dtype: 'float32', shape: shapes[name] } })),
    variables: [],
    run: (tensors) => tf.tidy(() => [...compute(named(tensors))]),
  });
  const loaded = executor.load(compile(program));
  const write = (numbers: Numbers<Name>): void => {
    for (const name of names) {
      const given = numbers[name];
      if (given !== undefined) loaded.write(name, given);
    }
  };
  return {
    write,
    run(numbers) {
      write(numbers);
      loaded.run({ steps: 1 });
      return loaded.results().map(floats);
    },
    dispose: () => loaded.dispose(),
  };
}

/** A function of some rows, and of other inputs that stay the same. */
export interface RowsComputation {
  /**
   * @param rows row-major [rows, values of a row]; any number of rows
   * @returns a copy of the elements of each result
   */
  run(rows: Float32Array): readonly Float32Array[];
  dispose(): void;
}

/** An input that stays the same. */
export interface FixedInput {
  readonly shape: Shape;
  /** Row-major. */
  readonly numbers: Float32Array;
}

/**
 * A computation over rows in chunks. Shapes are fixed: a chunk whose size differs from the one before, such as the last, has its
 * own computation.
 *
 * @param size values of a row
 * @param fixed the other inputs, none of which may be called `rows`
 * @param compute only tensor operations on rows [rows, size] and the other inputs; its results are float32
 */
export function prepareRowsComputation<Name extends string>(
  engine: ComputingEngine,
  size: number,
  fixed: Readonly<Record<Name, FixedInput>>,
  compute: (inputs: Readonly<Record<Name | 'rows', Tensor>>) => readonly Tensor[],
): RowsComputation {
  const inputs = Object.entries<FixedInput>(fixed);
  const shapes = Object.fromEntries(inputs.map(([name, { shape }]) => [name, shape]));
  const numbers = Object.fromEntries(inputs.map(([name, input]) => [name, input.numbers]));
  let length = 0;
  let computation: Computation<string> | undefined;
  const dispose = (): void => {
    computation?.dispose();
    computation = undefined;
  };
  return {
    run(rows) {
      if (computation !== undefined && rows.length === length) return computation.run({ rows });
      dispose();
      length = rows.length;
      computation = prepareComputation<string>(engine, { ...shapes, rows: [length / size, size] }, compute);
      computation.write(numbers);
      return computation.run({ rows });
    },
    dispose,
  };
}

function floats(elements: ArrayBufferView): Float32Array {
  if (elements instanceof Float32Array) return elements;
  throw new TypeError('a result that is not float32');
}

/** TensorFlow may return an array that it keeps. */
function copyOf(elements: ArrayBufferView): Float32Array {
  return floats(elements).slice();
}
