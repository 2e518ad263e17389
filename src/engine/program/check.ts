/** Checks programs. It runs after each pass, so a mistake is reported with the pass that made it. */
import { failure, type Failure } from '../../core/diagnostic.ts';
import { sizeOf } from '../../core/shape.ts';
import { inferTypes } from './instructions.ts';
import { outputsOf, type Program, type Value } from './program.ts';
import { ProgramError, sameType, typeText, type Type } from './types.ts';

/** Kernels count elements in 32 bits. */
const MOST_ELEMENTS = 2 ** 31 - 1;

/**
 * Checks that every value is made once and before it is used, that every type follows from the operands, and that variables
 * keep their types.
 *
 * @param after the name of a pass, for the message
 * @throws ProgramError; Failure `model-too-large` for a value with more elements than kernels can count
 */
export function checkProgram(program: Program, after?: string): Program {
  try {
    check(program);
  } catch (error) {
    if (!(error instanceof ProgramError) || after === undefined) throw error;
    throw new ProgramError(`after \`${after}\`: ${error.message}`);
  }
  return program;
}

function check(program: Program): void {
  const made = new Set<Value>();
  const make = (value: Value): void => {
    if (made.has(value)) throw new ProgramError('two instructions make one value');
    made.add(value);
    if (sizeOf(value.type.shape) > MOST_ELEMENTS) throw tooLarge(value.type);
  };
  const names = new Set<string>();
  for (const { name, value } of program.parameters) {
    if (names.has(name)) throw new ProgramError(`two parameters are called ${name}`);
    names.add(name);
    make(value);
  }
  for (const [index, instruction] of program.instructions.entries()) {
    const { op, operands, attributes, results } = instruction;
    const where = `instruction ${index}, ${op}`;
    if (operands.some((value) => !made.has(value)))
      throw new ProgramError(`${where}: an operand is used before it is computed`);
    const types = inferTypes(
      op,
      operands.map(({ type }) => type),
      attributes,
    );
    const fits =
      types.length === results.length && results.every(({ type }, at) => sameType(type, types[at] ?? type));
    if (!fits) throw new ProgramError(`${where}: the results are ${types.map(typeText).join(' and ')}`);
    results.forEach(make);
    if (op === 'fused' || op === 'fused_update') check(instruction.attributes.body);
  }
  if (outputsOf(program).some((value) => !made.has(value))) throw new ProgramError('an output is not made');
  const variables = new Set(
    program.parameters.filter(({ kind }) => kind === 'variable').map(({ value }) => value),
  );
  for (const { variable, value } of program.updates) {
    if (!variables.delete(variable))
      throw new ProgramError('an update of what is no variable, or of a variable that has one already');
    if (!sameType(variable.type, value.type))
      throw new ProgramError(`a variable of ${typeText(variable.type)} becomes ${typeText(value.type)}`);
  }
}

function tooLarge(type: Type): Failure {
  return failure(
    'model-too-large',
    `a step computes ${typeText(type)}: more than ${MOST_ELEMENTS} elements`,
    'use a smaller `batch_size` or model',
  );
}
