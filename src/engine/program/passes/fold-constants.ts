/**
 * Computes values that are known in advance: elementwise functions of scalar constants, and casts and other shapes of any
 * constant. The reference interpreter computes them, so the numbers are those of the program itself (constant folding:
 * A. V. Aho, M. S. Lam, R. Sethi, J. D. Ullman, "Compilers: Principles, Techniques, and Tools", 2007, 8.5.4).
 *
 * Other functions of arrays are not folded: the constant could be larger than its operands.
 */
import { isElementwise } from '../elementwise.ts';
import type { Instruction } from '../program.ts';
import { evaluate } from '../reference/interpret.ts';
import type { Tensor } from '../reference/tensor.ts';
import type { Pass } from './pass.ts';
import { rewrite } from './rewrite.ts';

export const foldConstants: Pass = {
  name: 'fold-constants',
  run: (program) =>
    rewrite(program, (instruction, { builder, valueOf }) => {
      if (!isFoldable(instruction)) return 'keep';
      const operands = instruction.operands.flatMap((operand): Tensor[] => {
        const elements = builder.constantOf(valueOf(operand));
        return elements === undefined ? [] : [{ type: operand.type, elements }];
      });
      if (operands.length < instruction.operands.length) return 'keep';
      return evaluate(instruction, operands).map(({ type, elements }) =>
        builder.constant(type.dtype, type.shape, elements),
      );
    }),
};

function isFoldable({ op, operands }: Instruction): boolean {
  if (op === 'cast' || op === 'reshape') return true;
  return isElementwise(op) && operands.every(({ type }) => type.shape.length === 0);
}
