/** The script of the controls, with everything that it needs. */
import { readFileSync } from 'node:fs';

/** Defines `hourglass`, the exports of `controls/main.ts`. The build writes it. */
export function explorerScript(): string {
  return readFileSync(new URL('./bundle/explorer.js', import.meta.url), 'utf8');
}
