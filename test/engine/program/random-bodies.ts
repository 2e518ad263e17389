/** Fused instructions with random bodies. */
import { ELEMENTWISE, type ElementwiseName } from '../../../src/engine/program/elementwise.ts';
import type { Value } from '../../../src/engine/program/program.ts';
import { float32, type Shape } from '../../../src/engine/program/types.ts';
import { reduce, writeElementwise } from './random-elementwise.ts';
import type { Choices, RandomWriter } from './random-writer.ts';

const FUNCTIONS = Object.keys(ELEMENTWISE) as ElementwiseName[];

/** What optimizers use. */
const UPDATE_FUNCTIONS: readonly ElementwiseName[] = [
  'add',
  'sub',
  'mul',
  'div',
  'max',
  'min',
  'sqrt',
  'square',
  'abs',
  'neg',
];

const REDUCTIONS = ['reduce_sum', 'reduce_max', 'reduce_min'] as const;

/** Elementwise functions of operands that stretch to one shape and, at the end, perhaps a reduction. */
export function writeFused(writer: RandomWriter, choices: Choices): void {
  const first = writer.ofDType(choices, 'float32');
  const operands = new Set([first]);
  for (let more = choices.below(3); more > 0; more--)
    operands.add(writer.stretchable(choices, 'float32', first.type.shape));
  const body = writer.body();
  for (const { type } of operands) body.parameter('input', type);
  for (let count = 1 + choices.below(4); count > 0; count--)
    writeElementwise(choices.of(FUNCTIONS), body, choices);
  if (choices.isSo()) reduce(choices.of(REDUCTIONS), body, choices);
  const [last, ...others] = body.pool.slice(operands.size).reverse();
  const results = [...(last === undefined ? [] : [last]), ...choices.some(others).slice(0, 2)];
  writer.pool.push(...writer.builder.addAll('fused', [...operands], { body: body.builder.finish(results) }));
}

/** Updates of one to three new variables. */
export function writeFusedUpdate(writer: RandomWriter, choices: Choices): void {
  const gradient = choices.of(['given', 'sum', 'product'] as const);
  const [shape, first] = gradientOf(gradient, writer, choices);
  const variables = Array.from({ length: 1 + choices.below(3) }, () =>
    writer.parameter('variable', float32(...shape)),
  );
  const scalars = Array.from({ length: choices.below(3) }, () => writer.ofType(choices, float32()));
  const rest = new Set([...variables, ...scalars]);
  const body = writer.body();
  body.parameter('input', float32(...shape));
  const inner = [...rest].map(({ type }) => body.parameter('input', type));
  for (let count = choices.below(5); count > 0; count--)
    writeElementwise(choices.of(UPDATE_FUNCTIONS), body, choices);
  const results = variables.map((_, at) => {
    const variable = inner[at] ?? body.pool[0];
    if (variable === undefined) throw new RangeError('a body without parameters');
    const change = body.stretchable(choices, 'float32', shape);
    return body.write('sub', [variable, change], {});
  });
  const attributes = { gradient, body: body.builder.finish(results) };
  const updated = writer.builder.addAll('fused_update', [...first, ...rest], attributes);
  variables.forEach((variable, at) => writer.updates.push({ variable, value: updated[at] ?? variable }));
}

/** The shape of a gradient, and what it is computed from. */
function gradientOf(
  gradient: 'given' | 'sum' | 'product',
  writer: RandomWriter,
  choices: Choices,
): readonly [Shape, readonly Value[]] {
  if (gradient === 'given') {
    const value = writer.ofDType(choices, 'float32');
    return [value.type.shape, [value]];
  }
  const last = writer.ofDType(choices, 'float32', 2);
  const [rows = 1, columns = 1] = last.type.shape;
  if (gradient === 'sum') return [[columns], [last]];
  const inputs = choices.of([1, 3, 17]);
  return [
    [inputs, columns],
    [writer.ofType(choices, float32(rows, inputs)), last],
  ];
}
