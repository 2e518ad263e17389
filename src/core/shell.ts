/** Quoting for command lines. */

/** A word, quoted if the system's shell would split or expand it. */
export function shellWord(word: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return /^[\w+=:./\\-]+$/.test(word) ? word : windowsQuoted(word);
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * For both cmd and PowerShell, which share only double quotes. In both, and in programs, a doubled quote means one quote;
 * backslashes count as themselves unless a quote follows. These cannot be quoted for both: `%name%` of a variable in cmd, `$`
 * and a backtick in PowerShell.
 */
function windowsQuoted(word: string): string {
  return `"${word.replaceAll(/(\\*)(?:"|$)/g, (match, backslashes: string) => `${backslashes.repeat(2)}${match.endsWith('"') ? '""' : ''}`)}"`;
}
