/** Calls of Hourglass's own kernels from XLA. */
import type { Type } from '../program/types.ts';
import type { Body, Ref } from './body.ts';

/** An attribute of a call: a list of integers. */
export function integers(values: readonly number[]): string {
  return `array<i64: ${values.join(', ')}>`;
}

export interface CustomCall {
  readonly target: string;
  /** float32, int32, bool or uint8, of known shapes. */
  readonly operands: readonly Ref[];
  readonly results: readonly Type[];
  /** Attributes, as MLIR writes them. */
  readonly config: Readonly<Record<string, string>>;
  /** For a result that takes the place of an operand, the number of that operand. */
  readonly inPlace?: readonly (number | undefined)[];
}

/** Calls a kernel. TensorFlow's own op for this does not support the current kernel interface, so the call is StableHLO. */
export function customCall(body: Body, call: CustomCall): readonly Ref[] {
  const { operands, results } = call;
  const given = operands.map(({ shape, dtype }): Operand => {
    if (shape === undefined) throw new TypeError(`${call.target} needs to know its arguments' shapes`);
    const type = TYPES[dtype ?? 'float32'];
    if (type === undefined) throw new TypeError(`${call.target} takes no ${dtype}`);
    return { shape, type };
  });
  const outputs = body.addAll(
    'XlaCallModule',
    operands,
    {
      version: { int: 9 },
      platforms: { strings: ['CPU'] },
      module: { string: moduleOf(call, given) },
      Sout: { shapes: results.map(({ shape }) => shape) },
      Tout: { types: results.map(({ dtype }) => dtype) },
    },
    results.length,
  );
  return outputs.map((output, index) => ({ ...output, ...results[index] }));
}

/** As MLIR names them. */
const TYPES: Readonly<Record<string, Operand['type']>> = {
  float32: 'f32',
  int32: 'i32',
  uint8: 'ui8',
  bool: 'i1',
};

type Shape = readonly number[];

interface Operand {
  readonly shape: Shape;
  readonly type: 'f32' | 'i32' | 'ui8' | 'i1';
}

function moduleOf(
  { target, results, config, inPlace = [] }: CustomCall,
  operands: readonly Operand[],
): string {
  const isOne = results.length === 1;
  const names = operands.map((_, index) => `%a${index}`);
  const parameters = operands.map(({ shape, type }, index) => `%a${index}: ${typeOf(shape, type)}`);
  const given = operands.map(({ shape, type }) => typeOf(shape, type)).join(', ');
  const gives = results.map(({ shape, dtype }) => typeOf(shape, TYPES[dtype] ?? 'f32')).join(', ');
  const returned = results.map((_, index) => (isOne ? '%r' : `%r#${index}`));
  const aliases = inPlace.flatMap((operand, index) =>
    operand === undefined ? [] : [aliasOf(operand, isOne ? [] : [index])],
  );
  const attributes = [
    // The typed interface of XLA's FFI.
    'api_version = 4 : i32',
    `backend_config = {${Object.entries(config)
      .map(([name, value]) => `${name} = ${value}`)
      .join(', ')}}`,
    `operand_layouts = [${operands.map(({ shape }) => layoutOf(shape)).join(', ')}]`,
    `result_layouts = [${results.map(({ shape }) => layoutOf(shape)).join(', ')}]`,
    `output_operand_aliases = [${aliases.join(', ')}]`,
  ];
  return `module @call {
  func.func public @main(${parameters.join(', ')}) -> (${gives}) {
    %r${isOne ? '' : `:${results.length}`} = stablehlo.custom_call @${target}(${names.join(', ')})
      {${attributes.join(', ')}} : (${given}) -> (${gives})
    return ${returned.join(', ')} : ${gives}
  }
}`;
}

function typeOf(shape: Shape, type: Operand['type']): string {
  return `tensor<${[...shape, type].join('x')}>`;
}

/** Row by row, the last axis varying fastest. */
function layoutOf({ length }: Shape): string {
  const axes = Array.from({ length }, (_, axis) => length - 1 - axis);
  return `dense<[${axes.join(', ')}]> : tensor<${length}xindex>`;
}

function aliasOf(operand: number, result: readonly number[]): string {
  return `#stablehlo.output_operand_alias<output_tuple_indices = [${result.join(', ')}], operand_index = ${operand}, operand_tuple_indices = []>`;
}
