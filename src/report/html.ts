/** HTML without injection: every value in a template is escaped, unless it came from a template. */
import { escapeXml } from '../figures/svg.ts';

/** HTML text that is safe as element content. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Html | string | number | undefined | readonly Content[];

/** Fills a template. Attributes must be in double quotes; URLs of links must begin in the template. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(
    strings.map((part, index) => part + (index < values.length ? textOf(values[index]) : '')).join(''),
  );
}

/** The HTML text of a value: items of lists are joined without a separator. */
export function textOf(value: Content): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escapeXml(String(value));
  return value.map(textOf).join('');
}

/** Text in which `backticks` mark code, as in diagnostics. */
export function withCode(text: string): Html {
  return html`${text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}
