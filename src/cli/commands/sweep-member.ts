import { failure } from '../../core/diagnostic.ts';
import { runMember } from '../../sweep/slurm/member.ts';
import { EXIT } from '../exit.ts';
import { listenForSignals } from '../signals.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `hourglass sweep-member`: run by the jobs of a submitted sweep. */
export async function sweepMember(
  terminal: Terminal,
  folder: string,
  id: string,
  index: string,
): Promise<number> {
  if (index !== 'shared' && !/^\d{1,6}$/.test(index))
    throw failure(
      'bad-setting',
      `\`${index}\` is not a member of a job array`,
      'this command is for jobs only',
    );
  const interrupt = listenForSignals((message) => terminal.note(message));
  try {
    terminal.note(`${new Date().toISOString()} member ${index} of ${id}: started`);
    const isWhole = await runMember(
      folder,
      id,
      index === 'shared' ? 'shared' : Number(index),
      interrupt.signal,
    );
    terminal.note(
      `${new Date().toISOString()} member ${index} of ${id}: ${isWhole ? 'finished' : 'stopped'}`,
    );
    return isWhole ? EXIT.done : interrupt.code();
  } finally {
    interrupt.stop();
  }
}
