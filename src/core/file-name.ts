/** File names that mean the same file on every system. */

/** Device names of Windows, with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\.|$)/i;

/** Whether Windows opens a device under this name, in any folder. */
export function isDeviceName(name: string): boolean {
  return DEVICE.test(name);
}
