/** The encoder or decoder of a page: its program and its weights, checked before they are used. */
import { sizeOf } from '../../core/shape.ts';
import { checkProgram } from '../../engine/program/check.ts';
import { costOfProgram } from '../../engine/program/cost.ts';
import { parseProgram } from '../../engine/program/parse.ts';
import type { Instruction, Parameter, Program } from '../../engine/program/program.ts';
import type { Elements } from '../../engine/program/types.ts';
import { isRounded, weightsOf } from '../weights.ts';
import { isInteger, type Fields } from './checks.ts';
import { DamagedModel } from './damaged.ts';
import { unpackFloats, unpackIntegers } from './packed.ts';
import type { ExplorerData, ModelData } from '../data.ts';

export interface Model {
  readonly program: Program;
  /** Elements of the program's variables, by name. */
  readonly variables: ReadonlyMap<string, Elements>;
}

/** How many values each input and the output of a model have. */
export interface ModelSizes {
  readonly inputs: readonly number[];
  readonly output: number;
}

/** The longest text of a program, and the most that its values and its steps may take. */
const LONGEST = 2 ** 20;
const MOST_ELEMENTS = 2 ** 26;
const MOST_OPERATIONS = 2 ** 36;
const MOST_INSTRUCTIONS = 10_000;

/** @throws DamagedModel */
export async function readModel(
  data: ModelData,
  type: ExplorerData['weights']['type'],
  sizes: ModelSizes,
): Promise<Model> {
  const program = readProgram(data.program);
  const inputs = program.parameters.filter(({ kind }) => kind === 'input');
  const [result, ...others] = program.results;
  const fits =
    inputs.length === sizes.inputs.length &&
    inputs.every(({ value }, index) => sizeOf(value.type.shape) === sizes.inputs[index]) &&
    result !== undefined &&
    others.length === 0 &&
    sizeOf(result.type.shape) === sizes.output &&
    [...program.parameters.map(({ value }) => value), result].every(
      (value) => value.type.dtype === 'float32',
    );
  if (!fits) throw new DamagedModel('its layers do not fit its images');
  return { program, variables: await readVariables(program, data, type === 'int16') };
}

async function readVariables(
  { parameters }: Program,
  { weights, integers, scales = [] }: ModelData,
  areRounded: boolean,
): Promise<Model['variables']> {
  const own = parameters.filter(({ kind }) => kind === 'variable');
  const [rounded, whole] = [
    own.filter(({ value }) => areRounded && isRounded(value.type.shape)),
    own.filter(({ value }) => !(areRounded && isRounded(value.type.shape))),
  ];
  if (scales.length !== rounded.length) throw new DamagedModel('its weights do not fit its layers');
  const floats = await unpackFloats(weights, elementsOf(whole));
  const small =
    integers === undefined ? new Int16Array() : await unpackIntegers(integers, elementsOf(rounded));
  if (small.length !== elementsOf(rounded)) throw new DamagedModel('its weights do not fit its layers');
  return new Map([
    ...partsOf(floats, whole),
    ...partsOf(small, rounded).map(
      ([name, part], index) => [name, weightsOf(part, scales[index] ?? 0)] as const,
    ),
  ]);
}

function elementsOf(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, { value }) => sum + sizeOf(value.type.shape), 0);
}

/** The elements of each, which are one after the other. */
function partsOf<Numbers extends Float32Array | Int16Array>(
  numbers: Numbers,
  parameters: readonly Parameter[],
): readonly (readonly [name: string, Numbers])[] {
  let end = 0;
  return parameters.map(({ name, value }) => {
    const start = end;
    end += sizeOf(value.type.shape);
    return [name, numbers.subarray(start, end) as Numbers] as const;
  });
}

/** A program whose values and steps have limits: it only computes, and ends. */
function readProgram(text: string): Program {
  if (text.length > LONGEST || /\s{99}/.test(text)) throw new DamagedModel('its layers are too long');
  let program: Program;
  try {
    program = checkProgram(parseProgram(text));
  } catch (error) {
    throw new DamagedModel(
      `its layers are not valid (${error instanceof Error ? error.message : String(error)})`,
    );
  }
  const instructions = allInstructions(program);
  const values = [
    ...program.parameters.map(({ value }) => value),
    ...instructions.flatMap(({ results }) => results),
  ];
  const isSound =
    values.every(({ type: { shape } }) => shape.every((length) => isInteger(length, 1, MOST_ELEMENTS))) &&
    instructions.every(hasSoundWindow);
  const elements = values.reduce((sum, { type: { shape } }) => sum + sizeOf(shape), 0);
  const { operations } = costOfProgram(program);
  if (program.updates.length > 0 || instructions.length > MOST_INSTRUCTIONS || !isSound)
    throw new DamagedModel('its layers are not those of a model');
  if (!(elements <= MOST_ELEMENTS && operations <= MOST_OPERATIONS))
    throw new DamagedModel('it is larger than a page can show');
  return program;
}

/** Whether a window, or a factor of upsampling, has whole numbers of pixels. */
function hasSoundWindow({ attributes }: Instruction): boolean {
  const { strides, dilations, size, factors, padding }: Fields = { ...attributes };
  const isLength = (least: number) => (length: unknown) => isInteger(length, least, MOST_ELEMENTS);
  return (
    [strides, dilations, size, factors]
      .filter((pair) => pair !== undefined)
      .every((pair) => Array.isArray(pair) && pair.every(isLength(1))) &&
    (padding === undefined || (Array.isArray(padding) && padding.flat().every(isLength(0))))
  );
}

function allInstructions({ instructions }: Program): readonly Instruction[] {
  return instructions.flatMap((instruction) =>
    instruction.op === 'fused' || instruction.op === 'fused_update'
      ? [instruction, ...allInstructions(instruction.attributes.body)]
      : [instruction],
  );
}
