import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The files that a word such as `folder/*.zip` stands for: shells on Windows leave that to the program. */
export function expand(word: string): readonly string[] {
  const [folder, name] = [dirname(word), basename(word)];
  if (!name.includes('*') || existsSync(word) || !existsSync(folder)) return [word];
  const parts = name.split('*').map((part) => part.replaceAll(/[^\w]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('.*')}$`);
  const found = readdirSync(folder).filter((each) => pattern.test(each) && !each.startsWith('.'));
  return found.length === 0 ? [word] : found.toSorted().map((each) => join(folder, each));
}
