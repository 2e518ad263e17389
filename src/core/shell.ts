/** Quoting for command lines. */

/** A word, quoted if the system's shell would split or expand it. */
export function shellWord(word: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return isPlainOnWindows(word) ? word : windowsQuoted(word);
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** PowerShell splits `-a.b` and `-a:b` in two. */
function isPlainOnWindows(word: string): boolean {
  return /^(?!-[\w-]*[^\w-])[\w+=:./\\-]+$/.test(word);
}

/**
 * For both cmd and PowerShell, which share only double quotes.
 *
 * - In both, and for programs, a doubled quote inside quotes is one quote.
 * - For programs, backslashes count as themselves unless a quote follows.
 * - PowerShell replaces variables inside quotes, too, but `$` stands for itself before a quote, if the word does not begin with one.
 *
 * This cannot be written for both: backticks and typographic quotes, on which PowerShell acts; `$` in a word that does not begin
 * with a letter, a digit or `_`; and `%name%` of a variable that cmd knows. PowerShell doubles backslashes before a quote, which
 * makes no difference in paths, and its version 5 loses quotes inside a word.
 */
function windowsQuoted(word: string): string {
  const [, start = '', rest = word] = /^(\w[\w.]*)(.*)$/s.exec(word) ?? [];
  if (start === '' || !rest.includes('$')) return inQuotes(word);
  const [first = '', ...others] = rest.split('$');
  return `${start}${first === '' ? '' : inQuotes(first)}${others.map((part) => `$${inQuotes(part)}`).join('')}`;
}

function inQuotes(text: string): string {
  return `"${text.replaceAll(/(\\*)(?:"|$)/g, (match, backslashes: string) => `${backslashes.repeat(2)}${match.endsWith('"') ? '""' : ''}`)}"`;
}
