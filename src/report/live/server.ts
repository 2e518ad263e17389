/**
 * Shows a running pipeline on a port of the loopback interface. Other sites that the user visits cannot read it: the
 * address contains a random token, the `Host` of a request must be this machine (which prevents DNS rebinding), no
 * cross-origin (CORS) access is granted, and the page's own policy lets it connect only to this server.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { failure } from '../../core/diagnostic.ts';
import type { RunEvent } from '../../core/event.ts';
import { textOf } from '../html.ts';
import { renderPage, renderParts } from '../page.ts';
import { readReport } from '../read.ts';
import { LiveRun, type LiveOptions } from './live-run.ts';

/** The minimum time between two renderings of the page, in milliseconds. */
const INTERVAL = 700;
/** How long the last event may take to reach the pages, in milliseconds. */
const FAREWELL = 2000;

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

interface Part {
  readonly text: string;
  /** The number of the rendering that last changed it. */
  readonly version: number;
}

export class LiveServer {
  readonly #server: Server;
  readonly #token = randomBytes(18).toString('base64url');
  readonly #folder: string;
  readonly #run: LiveRun;
  readonly #pages = new Set<ServerResponse>();
  #parts: ReadonlyMap<string, Part> = new Map();
  #version = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Renderings run in sequence. */
  #rendering: Promise<void> = Promise.resolve();

  /**
   * Starts to serve on 127.0.0.1.
   *
   * @param port 0 for any free port
   * @throws Failure `port-unavailable`
   */
  static async start(options: LiveOptions, port: number): Promise<LiveServer> {
    const live = new LiveServer(options);
    await new Promise<void>((resolve, reject) => {
      live.#server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          failure(
            'port-unavailable',
            `port ${port} cannot be used (${error.code ?? error.message})`,
            'choose another, or leave the number out',
          ),
        ),
      );
      live.#server.listen(port, '127.0.0.1', resolve);
    });
    await live.#render();
    return live;
  }

  private constructor(options: LiveOptions) {
    this.#folder = options.folder;
    this.#run = new LiveRun(options);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    // The server does not keep the process alive.
    this.#server.unref();
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/${this.#token}/`;
  }

  take(event: RunEvent): void {
    this.#run.take(event);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#render();
    }, INTERVAL).unref();
  }

  /**
   * Called when the run has ended: open pages stay.
   *
   * @param isReported whether there is a report, which the pages then show
   */
  async close(isReported: boolean): Promise<void> {
    clearTimeout(this.#timer);
    await this.#render(isReported);
    const sent = [...this.#pages].map(
      (page) => new Promise<void>((resolve) => page.end('event: end\ndata: {}\n\n', resolve)),
    );
    const late = new Promise<void>((resolve) => void setTimeout(resolve, FAREWELL).unref());
    await Promise.race([Promise.all(sent), late]);
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #render(isOver = false): Promise<void> {
    this.#rendering = this.#rendering
      .then(() => this.#update(isOver))
      // A file disappeared while it was read: the next rendering finds a stable state.
      .catch(() => undefined);
    return this.#rendering;
  }

  async #update(isOver: boolean): Promise<void> {
    const report = isOver ? await readReport(this.#folder, 'small') : await this.#run.read();
    const version = this.#version + 1;
    this.#parts = new Map(
      [...renderParts(report)].map(([id, html]) => {
        const text = textOf(html);
        const known = this.#parts.get(id);
        return [id, known?.text === text ? known : { text, version }];
      }),
    );
    this.#version = version;
    const news = this.#news(version - 1);
    if (news !== undefined) for (const page of this.#pages) page.write(news);
  }

  /** Parts that changed since a version, as an event; undefined if there are none. */
  #news(since: number): string | undefined {
    const parts = [...this.#parts].filter(([, part]) => part.version > since);
    if (parts.length === 0) return undefined;
    const data = JSON.stringify(parts.map(([id, { text }]) => ({ id, html: text })));
    return `id: ${this.#version}\nevent: parts\ndata: ${data}\n\n`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const [, token = '', path = ''] = /^\/([^/]*)\/(events)?$/.exec(url.pathname) ?? [];
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (!isOurs(request, path === 'events')) return void response.writeHead(403).end();
    if (!isEqual(token, this.#token)) return void response.writeHead(404).end();
    if (request.method !== 'GET') return void response.writeHead(405, { Allow: 'GET' }).end();
    if (path === 'events') {
      const last = request.headers['last-event-id'];
      return this.#follow(response, Number(last ?? url.searchParams.get('since') ?? 0));
    }
    const page = renderPage(await this.#run.read(), this.#version);
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
  }

  #follow(response: ServerResponse, since: number): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(this.#news(since) ?? ': nothing new\n\n');
    this.#pages.add(response);
    response.on('close', () => this.#pages.delete(response));
  }
}

/** Whether a request is addressed to this machine, and comes from our page or directly from the user. */
function isOurs({ headers }: IncomingMessage, isEvents: boolean): boolean {
  const [host = ''] = (headers.host ?? '').split(':');
  if (!['127.0.0.1', 'localhost'].includes(host)) return false;
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  // A link on another page, such as a terminal in the browser, may open the page.
  return !isEvents && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

function isEqual(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
