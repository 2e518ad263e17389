import { styleText } from 'node:util';

export type Format = Parameters<typeof styleText>[0];

/** Colours a text, or returns it unchanged. */
export type Style = (format: Format, text: string) => string;

export function makeStyle(enabled: boolean): Style {
  // Whether a stream supports colours is decided here: by default, `styleText` would check stdout for every stream.
  return (format, text) => (enabled ? styleText(format, text, { validateStream: false }) : text);
}

/** No colours at all. */
export const plainStyle: Style = makeStyle(false);
