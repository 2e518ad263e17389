import { styleText } from 'node:util';

export type Format = Parameters<typeof styleText>[0];

/** Colours a text, or leaves it as it is. */
export type Style = (format: Format, text: string) => string;

export function makeStyle(enabled: boolean): Style {
  // Whether a stream takes colours is decided here: by itself, `styleText` would ask stdout, whatever the stream is.
  return (format, text) => (enabled ? styleText(format, text, { validateStream: false }) : text);
}

/** No colours at all. */
export const plainStyle: Style = makeStyle(false);
