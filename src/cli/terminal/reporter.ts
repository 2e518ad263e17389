/** Shows the events of a run on stderr. */
import type { Emit } from '../../core/event.ts';

export interface Reporter {
  readonly emit: Emit;
  /** Prints lines that stay. */
  note(text: string): void;
  /** Ends the live output and restores the terminal. */
  close(): void;
}
