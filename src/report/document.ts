/** One self-contained HTML document: the common part of the pages of runs and sweeps. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../core/package-root.ts';
import { html, Html, textOf } from './html.ts';

export interface DocumentParts {
  readonly title: string;
  /** The only script that may run. */
  readonly script: string;
  /** Whether the page contains models, or may get some: they run in WebAssembly. */
  readonly hasModels?: boolean;
  /** Whether the page may send requests to its server. */
  readonly isLive: boolean;
  readonly header: Html;
  readonly contents: Html;
  readonly main: Html;
  readonly footer: Html;
}

/** The whole document, ending in a line break. */
export function renderDocument({
  title,
  script,
  hasModels = false,
  isLive,
  header,
  contents,
  main,
  footer,
}: DocumentParts): string {
  const style = asset('report.css') + (hasModels ? asset('explorer.css') : '');
  const policy = [
    "default-src 'none'",
    'img-src data:',
    `style-src '${sourceHash(style)}'`,
    `script-src '${sourceHash(script)}'${hasModels ? " 'wasm-unsafe-eval'" : ''}`,
    ...(isLive ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <link rel="icon" href="data:image/svg+xml;base64,${Buffer.from(ICON).toString('base64')}" />
        ${element('style', style)}
      </head>
      <body>
        <a class="skip" href="#summary">Skip to the summary</a>
        <header>${header}</header>
        <div class="columns">
          <nav aria-label="Contents">${contents}</nav>
          <main>${main}</main>
        </div>
        <footer>${footer}</footer>
        ${script === '' ? undefined : element('script', script)}
      </body>
    </html> `;
  return textOf(page);
}

/** The kind of the page, above its title. */
export function brand(kind: string): Html {
  return html`<p class="brand">${new Html(ICON)} Hourglass ${kind}</p>`;
}

/** Not in a template: the source formatter would add white space and so change the hash of the content. */
function element(name: 'style' | 'script', content: string): Html {
  return new Html(`<${name}>${content}</${name}>`);
}

export function asset(name: string): string {
  return readFileSync(join(packageRoot, 'assets', 'report', name), 'utf8');
}

/** Two trapezoids: an hourglass, and the shape of an autoencoder. */
const ICON = asset('icon.svg');

/** The hash of an inline style or script for the content security policy. */
function sourceHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
