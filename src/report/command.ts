/** Commands that repeat what a page shows. */
import type { JsonObject } from '../core/json.ts';
import { shellWord } from '../core/shell.ts';

export interface Repetition {
  readonly command: 'run' | 'sweep';
  /** The pipeline, as it was named. */
  readonly file: string;
  /** `-S` arguments. */
  readonly settings: readonly string[];
  /** What it was run with. */
  readonly engine: JsonObject | undefined;
}

/** As one would type it. */
export function commandText({ command, file, settings, engine }: Repetition): string {
  return [
    `npx hourglass ${command}`,
    shellWord(file),
    ...settings.map((text) => `-S ${shellWord(text)}`),
    ...(engine?.['kind'] === 'portable' ? ['--engine portable'] : []),
  ].join(' ');
}
