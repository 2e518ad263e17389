/**
 * The reference interpreter: it defines what every instruction means, and is written to be read. Targets are compared with it. It
 * knows nothing about kernels, memory or threads: each instruction makes new arrays.
 *
 * Sums are accumulated in float64 and rounded to float32 once; elementwise functions are computed in float64 and rounded. So a
 * target that adds in float32, in any order, differs only by rounding.
 */
import type { Instruction, Program, Value } from '../program.ts';
import { elementsOf, ProgramError, typeText, type Elements, type Type } from '../types.ts';
import { convolution, convolutionFilterGradient, convolutionInputGradient } from './convolutions.ts';
import { elementwise } from './elementwise.ts';
import { fused, fusedUpdate } from './fused.ts';
import { broadcast, concatenate, pad, reshape, slice, transpose } from './movement.ts';
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient } from './pooling.ts';
import { matmul } from './products.ts';
import { uniform } from './random.ts';
import { reduceMax, reduceMin, reduceSum } from './reductions.ts';
import type { Tensor } from './tensor.ts';
import { bilinear, nearest, upsample, upsampleGradient } from './upsampling.ts';

export interface Outputs {
  /** One for each result of the program. */
  readonly results: readonly Elements[];
  /** The new values of variables, by name; only of variables with an update. */
  readonly updates: ReadonlyMap<string, Elements>;
}

/**
 * Computes a program's results and the new values of its variables.
 *
 * @param parameters the elements of each parameter, by name
 * @throws ProgramError where a parameter is missing, unknown or of another type
 */
export function interpret(program: Program, parameters: ReadonlyMap<string, Elements>): Outputs {
  for (const name of parameters.keys()) {
    if (!program.parameters.some((parameter) => parameter.name === name))
      throw new ProgramError(`there is no parameter ${name}`);
  }
  const values = run(
    program,
    program.parameters.map(({ name, value: { type } }) => {
      const elements = parameters.get(name);
      if (elements === undefined) throw new ProgramError(`the parameter ${name} is missing`);
      if (!fits(elements, type)) throw new ProgramError(`the parameter ${name} is no ${typeText(type)}`);
      return { type, elements };
    }),
  );
  const names = new Map(program.parameters.map(({ name, value }) => [value, name]));
  return {
    results: program.results.map((value) => valueOf(values, value).elements),
    updates: new Map(
      program.updates.map(({ variable, value }) => [
        names.get(variable) ?? '',
        valueOf(values, value).elements,
      ]),
    ),
  };
}

/** The results of one instruction. */
export function evaluate(instruction: Instruction, operands: readonly Tensor[]): readonly Tensor[] {
  const operand = (at: number): Tensor => {
    const found = operands[at];
    if (found === undefined) throw new ProgramError(`${instruction.op} lacks an operand`);
    return found;
  };
  const { op, attributes } = instruction;
  switch (op) {
    case 'constant':
      return [{ type: { dtype: attributes.dtype, shape: attributes.shape }, elements: attributes.elements }];
    case 'reshape':
      return [reshape(operand(0), attributes.shape)];
    case 'broadcast':
      return [broadcast(operand(0), attributes.shape)];
    case 'transpose':
      return [transpose(operand(0), attributes.permutation)];
    case 'slice':
      return [slice(operand(0), attributes)];
    case 'pad':
      return [pad(operand(0), attributes)];
    case 'concatenate':
      return [concatenate(operands, attributes.axis, instruction.results[0]?.type.shape ?? [])];
    case 'reduce_sum':
      return [reduceSum(operand(0), attributes)];
    case 'reduce_max':
      return [reduceMax(operand(0), attributes)];
    case 'reduce_min':
      return [reduceMin(operand(0), attributes)];
    case 'matmul':
      return [matmul(operand(0), operand(1), operands.slice(2), attributes)];
    case 'convolution':
      return [convolution(operand(0), operand(1), operands.slice(2), attributes)];
    case 'convolution_input_gradient':
      return [convolutionInputGradient(operand(0), operand(1), operands.slice(2), attributes)];
    case 'convolution_filter_gradient':
      return convolutionFilterGradient(operand(0), operand(1), attributes);
    case 'max_pool':
      return [maxPool(operand(0), attributes)];
    case 'max_pool_gradient':
      return [maxPoolGradient(operand(0), operand(2), attributes)];
    case 'average_pool':
      return [averagePool(operand(0), attributes)];
    case 'average_pool_gradient':
      return [averagePoolGradient(operand(0), attributes.shape, attributes)];
    case 'upsample_nearest':
      return [upsample(operand(0), attributes.factors, nearest)];
    case 'upsample_nearest_gradient':
      return [upsampleGradient(operand(0), attributes.factors, nearest)];
    case 'upsample_bilinear':
      return [upsample(operand(0), attributes.factors, bilinear)];
    case 'upsample_bilinear_gradient':
      return [upsampleGradient(operand(0), attributes.factors, bilinear)];
    case 'uniform':
      return [uniform(operand(0), attributes)];
    case 'fused':
      return fused(operands, attributes.body, runBody);
    case 'fused_update':
      return fusedUpdate(operands, attributes, runBody);
    default:
      return [elementwise(instruction, operands)];
  }
}

function runBody(body: Program, parameters: readonly Tensor[]): readonly Tensor[] {
  const values = run(body, parameters);
  return body.results.map((value) => valueOf(values, value));
}

/** All values of a program, given those of its parameters in order. */
function run(program: Program, parameters: readonly Tensor[]): ReadonlyMap<Value, Tensor> {
  const values = new Map<Value, Tensor>();
  program.parameters.forEach(({ value }, at) => {
    const given = parameters[at];
    if (given !== undefined) values.set(value, given);
  });
  for (const instruction of program.instructions) {
    const results = evaluate(
      instruction,
      instruction.operands.map((value) => valueOf(values, value)),
    );
    instruction.results.forEach((value, at) => {
      const result = results[at];
      if (result !== undefined) values.set(value, result);
    });
  }
  return values;
}

function valueOf(values: ReadonlyMap<Value, Tensor>, value: Value): Tensor {
  const found = values.get(value);
  if (found === undefined)
    throw new ProgramError(`a value of ${typeText(value.type)} is used before it is computed`);
  return found;
}

function fits(elements: Elements, type: Type): boolean {
  const model = elementsOf(type);
  return elements.length === model.length && elements.constructor === model.constructor;
}
