import { styleText } from 'node:util';

export type Format = Parameters<typeof styleText>[0];

/** Colours a text, or leaves it as it is. */
export type Style = (format: Format, text: string) => string;

export function makeStyle(enabled: boolean): Style {
  return (format, text) => (enabled ? styleText(format, text) : text);
}
