/** A small file server on loopback, whose answers tests choose. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Loopback {
  readonly url: string;
  /** Method, path and range of each request. */
  readonly requests: readonly string[];
}

/** A test; or `{ after }` of `node:test`, for a server that the tests of a file share. */
interface Cleaner {
  after(clear: () => void): void;
}

export async function loopback(
  t: Cleaner,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Loopback> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push([request.url, request.headers.range].filter((part) => part !== undefined).join(' '));
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests };
}

/** Answers as a file server does, ranges included. */
export function serve(bytes: Uint8Array): (request: IncomingMessage, response: ServerResponse) => void {
  return ({ headers }, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    if (start > 0 && start >= bytes.length) {
      response.writeHead(416).end();
      return;
    }
    const part = bytes.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': part.length,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    response.end(part);
  };
}
