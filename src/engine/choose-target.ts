/** Chooses what runs an engine's programs. */
import { systemFailure } from '../files/atomic.ts';
import type { Engine } from './engine.ts';
import type { Target } from './train/target.ts';
import { webAssemblyTarget } from './webassembly/target.ts';
import { xlaTarget } from './xla/target.ts';

/** @returns undefined for TensorFlow without Hourglass's own kernels, which runs everything op by op */
export function targetOf({
  tf,
  executor,
  kernels = false,
}: Pick<Engine, 'tf' | 'executor'> & Partial<Pick<Engine, 'kernels'>>): Target | undefined {
  if (executor !== undefined) return webAssemblyTarget(tf, executor);
  return kernels ? xlaTarget(tf) : undefined;
}

/**
 * Takes what a target says of a program that it does not take, as the reason to run the program op by op.
 *
 * @throws Failure for what is no matter of the program, such as a temporary folder that is missing
 */
export function refusalOf(error: unknown): string {
  if (error instanceof Error && 'syscall' in error) throw systemFailure(error);
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n', 1)[0] ?? '').slice(0, 300);
}
