/** Records steps, written as tfjs operations, as programs. */
import type * as tfjs from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import { ProgramBuilder } from '../program/builder.ts';
import { checkProgram } from '../program/check.ts';
import { printProgram } from '../program/print.ts';
import type { Program, Value } from '../program/program.ts';
import { ProgramError, type Type } from '../program/types.ts';
import { imageKernels } from './image-kernels.ts';
import { KERNELS, type Call, type Kernel } from './kernels.ts';
import { Recorder, RECORDER, recorderBackend, recorderOf, typeOf, type Recording } from './recorder.ts';

export interface TraceInput {
  readonly name: string;
  readonly type: Type;
}

export interface TraceVariable {
  readonly name: string;
  readonly variable: tfjs.Variable;
}

export interface TraceOptions {
  readonly inputs: readonly TraceInput[];
  /** Everything that the step reads and changes. */
  readonly variables: readonly TraceVariable[];
  /** The step; it is run with tensors that have shapes, but no numbers. */
  readonly run: (inputs: readonly tfjs.Tensor[]) => readonly tfjs.Tensor[];
}

/** The recording of each tfjs that has the backend. */
const recordings = new WeakMap<Tf, Recording>();

/**
 * Runs a step twice on the recorder, and returns what it does. Nothing is computed, and the variables stay as they are.
 *
 * @throws ProgramError if the step reads a value in JavaScript, or does something else the second time
 */
export function trace(tf: Tf, options: TraceOptions): Program {
  const [first, second] = [record(tf, options), record(tf, options)];
  const [lines, others] = [first, second].map((program) => printProgram(program).split('\n'));
  const different = lines?.findIndex((line, index) => line !== others?.[index]) ?? -1;
  if (different !== -1)
    throw new ProgramError(`it depends on more than its data and its state: ${lines?.[different] ?? ''}`);
  return checkProgram(first);
}

function record(tf: Tf, { inputs, variables, run }: TraceOptions): Program {
  const recording = recordingOf(tf);
  const builder = new ProgramBuilder();
  const recorder = new Recorder(tf, builder);
  const engine = tf.engine();
  const before = engine.backendName;
  const given = inputs.map(({ name, type }) => builder.parameter('input', name, type));
  const bound = variables.map(({ name, variable }) => {
    const value = builder.parameter('variable', name, typeOf(variable.shape, variable.dtype));
    recorder.know(variable.dataId, value);
    return { variable, value, dataId: variable.dataId };
  });
  const written = new Map<tfjs.Variable, Value>();
  recording.current = recorder;
  // The promise is already fulfilled: the backend needs no preparation.
  void engine.setBackend(RECORDER);
  try {
    for (const { variable } of bound) {
      // tfjs would free what the variable held.
      variable.assign = (next) => {
        variable.dataId = next.dataId;
        written.set(variable, recorder.valueOf(next));
      };
    }
    engine.startScope('trace');
    try {
      const tensors = given.map((value) => engine.makeTensorFromTensorInfo(recorder.tensorOf(value)));
      const results = run(tensors).map((tensor) => recorder.valueOf(tensor));
      const updates = bound.flatMap(({ variable, value }) => {
        const next = written.get(variable);
        return next === undefined || next === value ? [] : [{ variable: value, value: next }];
      });
      return builder.finish(results, updates);
    } finally {
      engine.endScope();
    }
  } finally {
    for (const { variable, dataId } of bound) {
      Reflect.deleteProperty(variable, 'assign');
      variable.dataId = dataId;
    }
    void engine.setBackend(before);
    recording.current = undefined;
  }
}

/** Adds the backend and its kernels to tfjs, once. */
function recordingOf(tf: Tf): Recording {
  const known = recordings.get(tf);
  if (known !== undefined) return known;
  const recording: Recording = { current: undefined };
  recordings.set(tf, recording);
  tf.registerBackend(RECORDER, () => recorderBackend(tf, recording), 0);
  for (const [kernelName, kernel] of Object.entries({ ...KERNELS, ...imageKernels(tf) })) {
    tf.registerKernel({ kernelName, backendName: RECORDER, kernelFunc: recorded(recording, kernel) });
  }
  return recording;
}

function recorded(recording: Recording, kernel: Kernel): tfjs.KernelFunc {
  return ({ inputs, attrs }) => {
    const recorder = recorderOf(recording);
    const tensors = inputs as Readonly<Record<string, tfjs.TensorInfo | null | undefined>>;
    const value: Call['value'] = (name) => {
      const tensor = tensors[name];
      if (tensor === undefined || tensor === null)
        throw new ProgramError(`a kernel without its tensor ${name}`);
      return recorder.valueOf(tensor);
    };
    const result = kernel({
      recorder,
      value,
      has: (name) => tensors[name] !== undefined && tensors[name] !== null,
      get list() {
        return Object.keys(tensors).map(value);
      },
      attributes: { ...attrs },
    });
    const isList = (values: Value | readonly Value[]): values is readonly Value[] => Array.isArray(values);
    return isList(result) ? result.map((each) => recorder.tensorOf(each)) : recorder.tensorOf(result);
  };
}
