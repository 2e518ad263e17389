/** What messages say differently on Windows. */

/**
 * Ways out of a problem, as one hint. Windows has no `ulimit`, so ways that need it are left out there; name at least one other.
 */
export function waysOut(ways: readonly string[], platform: NodeJS.Platform = process.platform): string {
  const possible = platform === 'win32' ? ways.filter((way) => !way.includes('`ulimit ')) : ways;
  const [last = '', ...others] = possible.toReversed();
  if (others.length < 2) return [...others, last].join(', or ');
  return `${others.toReversed().join(', ')}, or ${last}`;
}

/** The variable that names the temporary folder. */
export function temporaryVariable(platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32' ? 'TEMP' : 'TMPDIR';
}

/** How to get permission to read a file or folder. */
export function permissionHint(
  shownPath: string,
  kind: 'file' | 'folder',
  platform: NodeJS.Platform = process.platform,
): string {
  return platform === 'win32'
    ? `in the properties of this ${kind}, under Security, allow your account to read it`
    : `change its permissions: \`chmod ${kind === 'folder' ? 'u+rx' : 'u+r'} ${shownPath}\``;
}
