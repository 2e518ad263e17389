/** The passes that make a program smaller, in order: each exposes work for the next one. */
import { commonSubexpressions } from './common-subexpressions.ts';
import { deadCode } from './dead-code.ts';
import { foldConstants } from './fold-constants.ts';
import { moveReshapes } from './move-reshapes.ts';
import type { Pass } from './pass.ts';
import { simplify } from './simplify.ts';

export const CLEAN_UP: readonly Pass[] = [
  foldConstants,
  simplify,
  moveReshapes,
  foldConstants,
  simplify,
  commonSubexpressions,
  deadCode,
];
