/** The encoder or decoder of a page: its program and its weights, checked before they are used. */
import { sizeOf } from '../../core/shape.ts';
import { checkProgram } from '../../engine/program/check.ts';
import { costOfProgram } from '../../engine/program/cost.ts';
import { parseProgram } from '../../engine/program/parse.ts';
import type { Instruction, Program } from '../../engine/program/program.ts';
import type { Elements } from '../../engine/program/types.ts';
import { isInteger, type Fields } from './checks.ts';
import { DamagedModel } from './damaged.ts';
import { unpackFloats, unpackHalves } from './packed.ts';
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
  { program: text, weights }: ModelData,
  type: ExplorerData['weights']['type'],
  sizes: ModelSizes,
): Promise<Model> {
  const program = readProgram(text);
  const inputs = program.parameters.filter(({ kind }) => kind === 'input');
  const own = program.parameters.filter(({ kind }) => kind === 'variable');
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
  const lengths = own.map(({ value }) => sizeOf(value.type.shape));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const unpack = type === 'float32' ? unpackFloats : unpackHalves;
  const numbers = await unpack(weights, total);
  let end = 0;
  const variables = own.map(({ name }, index) => {
    const start = end;
    end += lengths[index] ?? 0;
    return [name, numbers.subarray(start, end)] as const;
  });
  return { program, variables: new Map(variables) };
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
