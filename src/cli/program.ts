/** How the user started this program, so that commands which we propose work as they stand. */
import { basename, relative } from 'node:path';
import { shellWord } from '../core/shell.ts';

/** `hourglass`, or what it takes where that is no command of the shell: `npx hourglass`, `node bin/hourglass.js`. */
export function programName(): string {
  // Set by npx, and by npm for its scripts.
  if ((process.env['npm_lifecycle_event'] ?? '') !== '') return 'npx hourglass';
  const script = process.argv[1] ?? '';
  return basename(script) === 'hourglass.js'
    ? `node ${shellWord(relative(process.cwd(), script))}`
    : 'hourglass';
}

/** A command line as one would type it. */
export function commandLine(words: readonly string[]): string {
  return [programName(), ...words.map(shellWord)].join(' ');
}
