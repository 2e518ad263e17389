/** Chooses the target that runs an engine's programs. */
import { systemFailure } from '../files/atomic.ts';
import type { Engine } from './engine.ts';
import type { Target } from './train/target.ts';
import { webAssemblyTarget } from './webassembly/target.ts';
import { xlaTarget } from './xla/target.ts';

/** @returns undefined for TensorFlow without Hourglass's own kernels: it then runs everything op by op */
export function targetOf({
  tf,
  executor,
  kernels = false,
}: Pick<Engine, 'tf' | 'executor'> & Partial<Pick<Engine, 'kernels'>>): Target | undefined {
  if (executor !== undefined) return webAssemblyTarget(tf, executor);
  return kernels ? xlaTarget(tf) : undefined;
}

/**
 * Turns a target's error about a program that it does not support into the reason to run the program op by op.
 *
 * @throws Failure for errors that are not about the program, such as a missing temporary folder
 */
export function refusalOf(error: unknown): string {
  if (error instanceof Error && 'syscall' in error) throw systemFailure(error);
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n', 1)[0] ?? '').slice(0, 300);
}
