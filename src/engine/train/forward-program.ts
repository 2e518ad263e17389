/** What a model computes outside of training, as a program. */
import type { LayersModel } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import type { Program } from '../program/program.ts';
import { trace } from '../trace/trace.ts';
import { forwardWithLogits } from './forward.ts';
import type { NamedVariable } from './state.ts';
import { weightsOf } from './step.ts';

export interface ForwardProgram {
  /** Of the input `x`; the outputs and, if they are wanted and there, the logits. */
  readonly program: Program;
  /** The program's variables. */
  readonly state: readonly NamedVariable[];
}

/**
 * @param shape of one row of the input
 * @throws ProgramError if the model cannot be traced
 */
export function traceForward(
  tf: Tf,
  model: LayersModel,
  {
    shape,
    batchSize,
    logits = false,
  }: { readonly shape: readonly number[]; readonly batchSize: number; readonly logits?: boolean },
): ForwardProgram {
  const state = weightsOf(tf, model).map(({ name, variable }) => ({ name: `weights/${name}`, variable }));
  const forward = forwardWithLogits(tf, model);
  const program = trace(tf, {
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: [batchSize, ...shape] } }],
    variables: state,
    run: ([x]) => {
      if (x === undefined) throw new TypeError('a model without an input');
      const outputs = forward(x, false);
      return logits && outputs.logits !== undefined ? [outputs.values, outputs.logits] : [outputs.values];
    },
  });
  return { program, state };
}
