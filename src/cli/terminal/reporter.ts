/** What shows the events of a run, on stderr. */
import type { Emit } from '../../core/event.ts';

export interface Reporter {
  readonly emit: Emit;
  /** Prints lines that stay. */
  note(text: string): void;
  /** Leaves the terminal as it was, with nothing live on it. */
  close(): void;
}
