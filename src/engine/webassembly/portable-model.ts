/** Writes a model's forward pass for pages, which `page.ts` runs. */
import type { LayersModel } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import { compile } from '../program/compile.ts';
import type { Program } from '../program/program.ts';
import { bytesOf, ProgramError, type Elements } from '../program/types.ts';
import { forwardWork, modelShapes } from '../train/predict.ts';
import { traceRows } from '../train/rows.ts';
import { encodeProgram } from './encode.ts';
import { encodeModelFile, type Content } from './model-file.ts';

/**
 * @param model of one input and one output, with its weights
 * @param batchSize rows that one run takes
 * @throws ProgramError if the model cannot be traced
 */
export function writeModel(tf: Tf, model: LayersModel, batchSize: number): Uint8Array {
  const { inputShape } = modelShapes(model);
  const work = { samples: [{ shape: inputShape }], ...forwardWork(tf, model) };
  return writeProgram(
    compile(traceRows(tf, work, batchSize)),
    new Map(work.state.map(({ name, variable }) => [name, variable.dataSync() as Elements])),
  );
}

/**
 * @param program of one input and one first result, both batches of as many rows of float32
 * @param variables elements by name
 */
export function writeProgram(program: Program, variables: ReadonlyMap<string, Elements>): Uint8Array {
  const [input, ...others] = program.parameters.filter(({ kind }) => kind === 'input');
  const [result] = program.results;
  if (input === undefined || result === undefined || others.length > 0)
    throw new ProgramError('it does not have one input and one result');
  let memory = 0;
  const allocate = (bytes: number): number => {
    const at = memory;
    memory += Math.ceil(bytes / LINE) * LINE;
    return at;
  };
  const contents: Content[] = [];
  const places = new Map<string, number>();
  for (const { kind, name, value } of program.parameters) {
    if (kind !== 'variable') continue;
    const at = allocate(bytesOf(value.type));
    const elements = variables.get(name);
    if (elements?.byteLength !== bytesOf(value.type))
      throw new ProgramError(`${name} has another shape or type`);
    places.set(name, at);
    contents.push({ at, bytes: bytesIn(elements) });
  }
  const encoded = encodeProgram(program, { variables: places, collected: [], isSummed: false, allocate });
  const [output] = encoded.results;
  if (output === undefined) throw new TypeError('a program without its result');
  const [batchSize = 1, ...inputShape] = input.value.type.shape;
  return encodeModelFile({
    batchSize,
    inputShape,
    outputShape: result.type.shape.slice(1),
    memory,
    input: encoded.addressOf(input.value),
    output: encoded.addressOf(output),
    words: encoded.words,
    contents: [
      ...contents,
      ...encoded.constants.map(({ at, elements }) => ({ at, bytes: bytesIn(elements) })),
    ],
  });
}

/** Variables begin at cache lines, as in `memory-plan.ts`. */
const LINE = 64;

function bytesIn({ buffer, byteOffset, byteLength }: Elements): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
