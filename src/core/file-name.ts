/** Names that mean one and the same file on every system. */

/** Devices of Windows, whatever follows a dot. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\.|$)/i;

/** Whether Windows opens a device under this name, in whatever folder. */
export function isDeviceName(name: string): boolean {
  return DEVICE.test(name);
}
