/** Functions of tensors that are computed again and again on other numbers: by TensorFlow, or as a program in WebAssembly. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Engine } from './engine.ts';
import { compile } from './program/compile.ts';
import type { Shape } from './program/types.ts';
import { trace } from './trace/trace.ts';

export interface Computation<Name extends string> {
  /**
   * Computes, with new numbers for some inputs; the others keep theirs.
   *
   * @param numbers row-major, as many as the input's shape has
   * @returns a copy of the elements of each result
   */
  run(numbers: Readonly<Partial<Record<Name, Float32Array>>>): readonly Float32Array[];
  dispose(): void;
}

/**
 * @param shapes of the inputs, which are float32 and 0 at first
 * @param compute only tensor operations; its results are float32
 */
export function prepareComputation<Name extends string>(
  { tf, executor }: Pick<Engine, 'tf' | 'executor'>,
  shapes: Readonly<Record<Name, Shape>>,
  compute: (inputs: Readonly<Record<Name, Tensor>>) => readonly Tensor[],
): Computation<Name> {
  const names = Object.keys(shapes) as Name[];
  const named = (tensors: readonly Tensor[]): Readonly<Record<Name, Tensor>> =>
    Object.fromEntries(names.map((name, index) => [name, tensors[index]])) as Record<Name, Tensor>;
  if (executor === undefined) {
    const held = new Map(names.map((name) => [name, tf.zeros([...shapes[name]])]));
    return {
      run(numbers) {
        for (const name of names) {
          const given = numbers[name];
          if (given === undefined) continue;
          held.get(name)?.dispose();
          held.set(name, tf.tensor(given, [...shapes[name]]));
        }
        const results = tf.tidy(() => [...compute(named([...held.values()]))]);
        // Read outside: `tidy` looks at each number of an array that it returns.
        const elements = results.map((tensor) => Float32Array.from(tensor.dataSync()));
        tf.dispose(results);
        return elements;
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
  return {
    run(numbers) {
      for (const name of names) {
        const given = numbers[name];
        if (given !== undefined) loaded.write(name, given);
      }
      loaded.run({ steps: 1 });
      return loaded.results().map((elements) => Float32Array.from(elements));
    },
    dispose: () => loaded.dispose(),
  };
}
