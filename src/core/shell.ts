/** Command lines as a shell takes them. */

/** A word, quoted if a shell of the system would split or expand it. */
export function shellWord(word: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return /^[\w+=:./\\-]+$/.test(word) ? word : windowsQuoted(word);
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * For cmd as well as PowerShell, which share double quotes only. Both take a doubled quote for one, and programs do; backslashes count
 * as themselves unless a quote follows. What cannot be quoted for both: `%name%` of a variable in cmd, `$` and a backtick in PowerShell.
 */
function windowsQuoted(word: string): string {
  return `"${word.replaceAll(/(\\*)(?:"|$)/g, (match, backslashes: string) => `${backslashes.repeat(2)}${match.endsWith('"') ? '""' : ''}`)}"`;
}
