/** Calls of Hourglass's own kernels from within XLA. */
import type { Body, Ref } from '../body.ts';

/** An attribute of a call: a list of integers. */
export function integers(values: readonly number[]): string {
  return `array<i64: ${values.join(', ')}>`;
}

export interface CustomCall {
  readonly target: string;
  /** float32, of known shapes. */
  readonly operands: readonly Ref[];
  /** Shapes; all are float32. */
  readonly results: readonly (readonly number[])[];
  /** Attributes, as MLIR writes them. */
  readonly config: Readonly<Record<string, string>>;
  /** For a result that takes the place of an operand, the number of that operand. */
  readonly inPlace?: readonly (number | undefined)[];
}

/**
 * Calls a kernel. TensorFlow's own op for it knows no kernels of the present interface, so it is said in StableHLO.
 */
export function customCall(
  body: Body,
  { target, operands, results, config, inPlace = [] }: CustomCall,
): readonly Ref[] {
  const shapes = operands.map(({ shape }) => {
    if (shape === undefined) throw new TypeError(`${target} needs to know its arguments' shapes`);
    return shape;
  });
  const type = (shape: readonly number[]): string => `tensor<${[...shape, 'f32'].join('x')}>`;
  const layout = ({ length }: readonly number[]): string =>
    `dense<[${Array.from({ length }, (_, axis) => length - 1 - axis).join(', ')}]> : tensor<${length}xindex>`;
  const names = shapes.map((_, index) => `%a${index}`);
  const given = shapes.map(type).join(', ');
  const gives = results.map(type).join(', ');
  const attributes = [
    'api_version = 4 : i32',
    `backend_config = {${Object.entries(config)
      .map(([name, value]) => `${name} = ${value}`)
      .join(', ')}}`,
    `operand_layouts = [${shapes.map(layout).join(', ')}]`,
    `result_layouts = [${results.map(layout).join(', ')}]`,
    `output_operand_aliases = [${inPlace.flatMap((operand, index) => (operand === undefined ? [] : [alias(operand, results.length === 1 ? [] : [index])])).join(', ')}]`,
  ];
  const returned = results.map((_, index) => (results.length === 1 ? '%r' : `%r#${index}`)).join(', ');
  const module = `module @call {
  func.func public @main(${shapes.map((shape, index) => `%a${index}: ${type(shape)}`).join(', ')}) -> (${gives}) {
    %r${results.length === 1 ? '' : `:${results.length}`} = stablehlo.custom_call @${target}(${names.join(', ')}) {${attributes.join(', ')}} : (${given}) -> (${gives})
    return ${returned} : ${gives}
  }
}`;
  const outputs = body.addAll(
    'XlaCallModule',
    operands,
    {
      version: { int: 9 },
      platforms: { strings: ['CPU'] },
      module: { string: module },
      Sout: { shapes: results },
      Tout: { types: results.map(() => 'float32') },
    },
    results.length,
  );
  return outputs.map((output, index) => ({ ...output, shape: results[index] ?? [] }));
}

function alias(operand: number, result: readonly number[]): string {
  return `#stablehlo.output_operand_alias<output_tuple_indices = [${result.join(', ')}], operand_index = ${operand}, operand_tuple_indices = []>`;
}
