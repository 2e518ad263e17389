/** File names that mean the same file on every system. */

/** Device names of Windows, with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\.|$)/i;

/** Characters that Windows refuses in names, or takes for the separator of a path; control characters are refused, too. */
const REFUSED = '<>:"|?*\\';

/** Why Windows cannot have a file or folder of this name, in words that follow it; undefined if it can. */
export function windowsProblem(name: string): string | undefined {
  if (isDeviceName(name)) return 'it names a device';
  if (/[. ]$/.test(name)) return 'names cannot end in a dot or a blank';
  const refused = [...name].find((character) => character < ' ' || REFUSED.includes(character));
  return refused === undefined ? undefined : `names cannot contain ${JSON.stringify(refused)}`;
}

/** Whether Windows opens a device under this name, in any folder. */
export function isDeviceName(name: string): boolean {
  return DEVICE.test(name);
}
