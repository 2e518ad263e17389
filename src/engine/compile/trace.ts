/** Records what TensorFlow is asked to do while one step runs: a program without branches. */
import type { Tensor, TensorInfo, Variable } from '@tensorflow/tfjs';
import { nativeBackend, type OpAttribute } from '../addon.ts';
import type { Tf } from '../engine.ts';
import { STATELESS_UNIFORM, type UniformAttributes } from '../random.ts';
import type { DType, Values } from './proto.ts';

/** Where a tensor comes from. */
export type Source =
  /** An argument of the step. */
  | { readonly kind: 'input'; readonly index: number }
  /** A variable as it was before the step. */
  | { readonly kind: 'variable'; readonly index: number }
  /** Numbers that JavaScript made. */
  | { readonly kind: 'constant'; readonly values: Values }
  | { readonly kind: 'output'; readonly node: TraceNode; readonly index: number };

export type Traced = Source & { readonly shape: readonly number[]; readonly dtype: DType };

/** A tensor as a node takes it: tfjs gives the same numbers another shape without asking TensorFlow. */
export interface Use {
  readonly source: Traced;
  readonly shape: readonly number[];
}

export interface TraceNode {
  readonly op: string;
  readonly attributes: readonly OpAttribute[];
  readonly inputs: readonly Use[];
  readonly outputs: readonly { readonly shape: readonly number[]; readonly dtype: DType }[];
}

/** The value of an attribute; undefined if the node has none of this name. */
export function attributeOf({ attributes }: TraceNode, name: string): unknown {
  return attributes.find((attribute) => attribute.name === name)?.value;
}

/** The op that stands for our own kernel of random numbers; attributes `shape` and `seed`. */
export const UNIFORM_OP = STATELESS_UNIFORM;

export interface Trace {
  /** In the order in which they ran. */
  readonly nodes: readonly TraceNode[];
  readonly result: Use;
  /** For each variable what the step made of it; undefined where it leaves it as it is. */
  readonly updates: readonly (Use | undefined)[];
}

/** A step that cannot be compiled. */
export class Untraceable extends Error {}

/**
 * Runs a step and records it. The step is run for real: the caller puts the variables back.
 *
 * @param run what to record; its result is one tensor
 * @throws Untraceable if JavaScript reads a value that the step computed
 */
export function trace(
  tf: Tf,
  inputs: readonly Tensor[],
  variables: readonly Variable[],
  run: () => Tensor,
): Trace {
  const recorder = new Recorder(tf);
  inputs.forEach((tensor, index) => recorder.know(tensor, { kind: 'input', index }));
  variables.forEach((variable, index) => recorder.know(variable, { kind: 'variable', index }));
  const engine = tf.engine();
  engine.startScope();
  try {
    const result = recorder.record(run);
    const updates = variables.map((variable, index) => {
      const use = recorder.use(variable);
      return use.source.kind === 'variable' && use.source.index === index ? undefined : use;
    });
    return { nodes: recorder.nodes, result: recorder.use(result), updates };
  } finally {
    engine.endScope();
  }
}

class Recorder {
  readonly nodes: TraceNode[] = [];
  readonly #tf: Tf;
  /** By the identity of a tensor's data, which also keeps it from being used again for another. */
  readonly #known = new Map<object, Traced>();

  constructor(tf: Tf) {
    this.#tf = tf;
  }

  know({ dataId, shape, dtype }: TensorInfo, source: Source): void {
    this.#known.set(dataId, { ...source, shape: [...shape], dtype: dtypeOfTensor(dtype) });
  }

  /** A tensor that nothing before has made is a constant. */
  use(tensor: TensorInfo): Use {
    let source = this.#known.get(tensor.dataId);
    if (source === undefined) {
      const values = nativeBackend(this.#tf).readSync(tensor.dataId).slice();
      this.know(tensor, { kind: 'constant', values });
      source = this.#known.get(tensor.dataId);
    }
    if (source === undefined) throw new TypeError('a constant was not kept');
    return { source, shape: [...tensor.shape] };
  }

  /** Listens in on the backend, and on our own kernel, which goes past it. */
  record(run: () => Tensor): Tensor {
    const backend = nativeBackend(this.#tf);
    const { executeSingleOutput, executeMultipleOutputs, readSync } = backend;
    backend.executeSingleOutput = (op, attributes, inputs) => {
      const uses = inputs.map((input) => this.use(input));
      const output = executeSingleOutput.call(backend, op, attributes, inputs);
      this.#add(op, attributes, uses, [output]);
      return output;
    };
    backend.executeMultipleOutputs = (op, attributes, inputs, count) => {
      const uses = inputs.map((input) => this.use(input));
      const outputs = executeMultipleOutputs.call(backend, op, attributes, inputs, count);
      this.#add(op, attributes, uses, outputs);
      return outputs;
    };
    backend.readSync = (dataId) => {
      const known = this.#known.get(dataId);
      if (known !== undefined && known.kind !== 'constant') {
        throw new Untraceable('it reads a computed value in JavaScript');
      }
      return readSync.call(backend, dataId);
    };
    const uniform = this.#tf.getKernel(STATELESS_UNIFORM, 'tensorflow');
    try {
      this.#replaceKernel({
        ...uniform,
        kernelFunc: (args) => {
          const { shape, seed, halves } = args.attrs as unknown as UniformAttributes;
          const step = args.inputs['step'];
          if (step === undefined) throw new TypeError('random numbers without a step');
          const uses = [this.use(step)];
          const output = uniform.kernelFunc(args);
          if (Array.isArray(output)) throw new TypeError('random numbers in several tensors');
          const attributes = [
            { name: 'shape', type: -1, value: shape },
            { name: 'seed', type: -1, value: seed },
            { name: 'halves', type: -1, value: halves },
          ];
          this.#add(UNIFORM_OP, attributes, uses, [output]);
          return output;
        },
      });
      return run();
    } finally {
      this.#replaceKernel(uniform);
      Object.assign(backend, { executeSingleOutput, executeMultipleOutputs, readSync });
    }
  }

  #replaceKernel(kernel: ReturnType<Tf['getKernel']>): void {
    this.#tf.unregisterKernel(STATELESS_UNIFORM, 'tensorflow');
    this.#tf.registerKernel(kernel);
  }

  #add(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly Use[],
    outputs: readonly TensorInfo[],
  ): void {
    const node: TraceNode = {
      op,
      attributes,
      inputs,
      outputs: outputs.map(({ shape, dtype }) => ({ shape: [...shape], dtype: dtypeOfTensor(dtype) })),
    };
    this.nodes.push(node);
    outputs.forEach((output, index) => this.know(output, { kind: 'output', node, index }));
  }
}

function dtypeOfTensor(dtype: string): DType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new Untraceable(`it computes with ${dtype}`);
}

/**
 * What a trace does, as text: equal for two traces of a step whose values all come from its arguments, its variables and
 * true constants. A number that JavaScript counts or draws shows as a difference.
 */
export function fingerprint({ nodes, result, updates }: Trace): readonly string[] {
  const numbers = new Map(nodes.map((node, index) => [node, index]));
  const describe = (use: Use | undefined): string => {
    if (use === undefined) return '-';
    const { source, shape } = use;
    const from =
      source.kind === 'output'
        ? `${numbers.get(source.node) ?? -1}.${source.index}`
        : source.kind === 'constant'
          ? [...source.values].join(' ')
          : source.index;
    return `${source.kind} ${from} [${shape.join()}]`;
  };
  return [
    ...nodes.map(
      ({ op, attributes, inputs }) =>
        `${op} ${JSON.stringify(attributes)} ${inputs.map(describe).join('; ')}`,
    ),
    [result, ...updates].map(describe).join('; '),
  ];
}
