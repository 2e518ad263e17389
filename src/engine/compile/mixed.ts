/**
 * Mixed precision: products of matrices and convolutions in bfloat16, all else in float32, the variables above all. A
 * bfloat16 has the range of a float32 with 8 bits of precision; the sums inside of a product are float32 all the same
 * (P. Micikevicius and others, "Mixed Precision Training", 2018; D. Kalamkar and others, "A Study of BFLOAT16 for Deep
 * Learning Training", 2019).
 */
import type { Body, Ref } from './body.ts';
import type { TraceNode } from './trace.ts';

/** What is worth it. */
const PRODUCTS: ReadonlySet<string> = new Set([
  'BatchMatMulV2',
  'Conv2D',
  'Conv2DBackpropFilter',
  'Conv2DBackpropInput',
  'MatMul',
]);

/** What comes between two products: otherwise whole images would be converted forth and back. */
const BETWEEN: ReadonlySet<string> = new Set(['Identity', 'Relu', 'ReluGrad', 'Reshape']);

/** Writes the nodes of one function. */
export class MixedPrecision {
  readonly #body: Body;
  readonly #halves = new Map<string, Ref>();

  constructor(body: Body) {
    this.#body = body;
  }

  /** What a node computes with. */
  inputsOf(node: TraceNode, inputs: readonly Ref[]): readonly Ref[] {
    const between = inputs[0]?.half !== undefined && (BETWEEN.has(node.op) || addsBias(node));
    return PRODUCTS.has(node.op) || between ? inputs.map((input) => this.#half(input)) : inputs;
  }

  /** What others take for what it gives: float32, which knows the bfloat16 that it comes from. */
  outputOf(output: Ref): Ref {
    if (output.dtype !== 'bfloat16') return output;
    return { ...this.#body.cast(output, 'float32'), half: output };
  }

  #half(input: Ref): Ref {
    if (input.dtype !== 'float32') return input;
    if (input.half !== undefined) return input.half;
    const known = this.#halves.get(input.ref);
    if (known !== undefined) return known;
    const half = this.#body.cast(input, 'bfloat16');
    this.#halves.set(input.ref, half);
    return half;
  }
}

/** One number for each channel. */
function addsBias({ op, inputs: [values, bias] }: TraceNode): boolean {
  const channels = values?.shape.at(-1);
  return (
    op === 'Add' && bias !== undefined && bias.shape.every((length) => length === 1 || length === channels)
  );
}
