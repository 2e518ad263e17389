/** The variables that training changes, read and written as arrays: for checkpoints, and to restore the best weights. */
import type { Variable } from '@tensorflow/tfjs';
import type { NamedArray } from '../../formats/safetensors.ts';
import type { Tf } from '../engine.ts';

/** A variable under a name that is the same in every process, unlike tfjs's own. */
export interface NamedVariable {
  readonly name: string;
  readonly variable: Variable;
}

export async function readVariables(variables: readonly NamedVariable[]): Promise<readonly NamedArray[]> {
  return Promise.all(
    variables.map(async ({ name, variable }): Promise<NamedArray> => {
      const data = await variable.data();
      const shape = variable.shape;
      // Copied: on some backends the array is the variable's own memory.
      if (data instanceof Float32Array) return { name, dtype: 'float32', shape, data: data.slice() };
      if (data instanceof Int32Array) return { name, dtype: 'int32', shape, data: data.slice() };
      throw new TypeError(`${name} is neither float32 nor int32`);
    }),
  );
}

/**
 * Puts saved values back.
 *
 * @throws TypeError if names, shapes or types differ from those of the variables; nothing is then written
 */
export function writeVariables(
  tf: Tf,
  variables: readonly NamedVariable[],
  arrays: readonly NamedArray[],
): void {
  const pairs = variables.map(({ name, variable }, index) => {
    const array = arrays[index];
    const fits =
      array?.name === name && array.dtype === variable.dtype && array.shape.join() === variable.shape.join();
    if (!fits)
      throw new TypeError(`no saved value fits ${name} of ${variable.dtype} [${variable.shape.join()}]`);
    return { variable, array };
  });
  if (arrays.length !== pairs.length) throw new TypeError('more arrays were saved than there are variables');
  for (const { variable, array } of pairs) {
    tf.tidy(() => variable.assign(tf.tensor(array.data.slice(), [...array.shape], array.dtype)));
  }
}

/** Whether no value is NaN or infinite. */
export function allFinite(arrays: readonly NamedArray[]): boolean {
  return arrays.every(({ data }) => data.every(Number.isFinite));
}
