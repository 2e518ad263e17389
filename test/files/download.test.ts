/** Every way in which a download can go wrong, with a server on loopback. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ensureFile, isIntact, type DownloadOptions, type RemoteFile } from '../../src/files/download.ts';
import { Failure, type DiagnosticCode } from '../../src/core/diagnostic.ts';
import { sha256 } from '../../src/core/json.ts';
import { loopback, serve, type Loopback } from '../loopback.ts';
import { temporaryFolder } from '../nodes/context.ts';

const BYTES = Buffer.alloc(300_000, 'hourglass ');
const LIMIT = 400_000;

interface Case {
  readonly path: string;
  readonly server: Loopback;
  fetch(file?: Partial<RemoteFile>, options?: Partial<DownloadOptions>): Promise<void>;
}

async function prepare(t: TestContext, answer: Parameters<typeof loopback>[1]): Promise<Case> {
  const path = join(temporaryFolder(t), 'data', 'file.bin');
  const server = await loopback(t, answer);
  return {
    path,
    server,
    fetch: (file = {}, options = {}) =>
      ensureFile(
        path,
        { url: `${server.url}/file.bin`, sha256: sha256(BYTES), limit: LIMIT, hint: 'by hand', ...file },
        {
          signal: new AbortController().signal,
          onProgress: () => undefined,
          stallMilliseconds: 1000,
          ...options,
        },
      ),
  };
}

const fails = (work: Promise<void>, code: DiagnosticCode): Promise<void> =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.diagnostics[0]?.code, code);
    assert.equal(typeof error.diagnostics[0]?.hint, 'string');
    return true;
  });

const partOf = (path: string): string => `${path}.part`;

test('a file is fetched once, with progress, and nothing else is left', async (t) => {
  const { path, server, fetch } = await prepare(t, serve(BYTES));
  const fractions: (number | undefined)[] = [];
  await fetch({}, { onProgress: (_text, fraction) => void fractions.push(fraction) });
  await fetch();
  assert.deepEqual(readFileSync(path), BYTES);
  assert.deepEqual(server.requests, ['/file.bin']);
  assert.ok(fractions.includes(1));
  assert.ok(!existsSync(partOf(path)) && !existsSync(`${path}.lock`));
});

test('a file that was altered or cut off in the cache is fetched again', async (t) => {
  const { path, server, fetch } = await prepare(t, serve(BYTES));
  await fetch();
  for (const damaged of [BYTES.subarray(1), Buffer.of(), Buffer.concat([BYTES, Buffer.of(0)])]) {
    writeFileSync(path, damaged);
    await fetch();
    assert.deepEqual(readFileSync(path), BYTES);
  }
  assert.equal(server.requests.length, 4);
});

test('a download that was cut off resumes', async (t) => {
  const { path, server, fetch } = await prepare(t, (request, response) => {
    if (request.headers.range === undefined) {
      response.writeHead(200, { 'content-length': BYTES.length });
      // The connection ends once some of it is on the disk.
      const end = (): void => {
        const isWritten = (statSync(partOf(path), { throwIfNoEntry: false })?.size ?? 0) > 0;
        if (isWritten) response.destroy();
        else setTimeout(end, 10);
      };
      response.write(BYTES.subarray(0, 100_000), end);
    } else serve(BYTES)(request, response);
  });
  await fails(fetch(), 'data-missing');
  assert.ok(!existsSync(path));
  const { size } = statSync(partOf(path));
  assert.ok(size > 0 && size <= 100_000);
  await fetch();
  assert.deepEqual(server.requests, ['/file.bin', `/file.bin bytes=${size}-`]);
  assert.deepEqual(readFileSync(path), BYTES);
});

test('a server that ignores the range sends all of it', async (t) => {
  const { path, fetch } = await prepare(t, (_request, response) => {
    response.writeHead(200).end(BYTES);
  });
  await fetch();
  rmSync(path);
  writeFileSync(partOf(path), BYTES.subarray(0, 50_000));
  await fetch();
  assert.deepEqual(readFileSync(path), BYTES);
});

test('a part of another file, or one that is too long, is thrown away', async (t) => {
  for (const part of [Buffer.alloc(1000), Buffer.alloc(BYTES.length), Buffer.alloc(BYTES.length + 10)]) {
    const { path, fetch } = await prepare(t, serve(BYTES));
    await fails(fetch({ url: 'http://127.0.0.1:9/none' }), 'data-missing');
    writeFileSync(partOf(path), part);
    await fetch();
    assert.deepEqual(readFileSync(path), BYTES);
  }
});

test('if the server does not resume, the download starts again', async (t) => {
  const asked: (string | undefined)[] = [];
  for (const answer of [
    { status: 206, headers: { 'content-range': 'bytes 0-299999/300000' }, body: BYTES },
    { status: 206, headers: { 'content-range': 'bytes 7-299999/300000' }, body: BYTES.subarray(7) },
    { status: 206, headers: {}, body: BYTES.subarray(10) },
    { status: 206, headers: { 'content-range': 'bytes 10-9999999/10000000' }, body: Buffer.alloc(1 << 23) },
    { status: 400, headers: {}, body: '' },
    { status: 403, headers: {}, body: '' },
    { status: 416, headers: { 'content-range': 'bytes */300000' }, body: '' },
  ]) {
    const { path, fetch } = await prepare(t, (request, response) => {
      asked.push(request.headers.range);
      if (request.headers.range === undefined) response.end(BYTES);
      else response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    await fails(fetch({ url: 'http://127.0.0.1:9/none' }), 'data-missing');
    writeFileSync(partOf(path), BYTES.subarray(0, 10));
    await fetch();
    assert.deepEqual(readFileSync(path), BYTES);
    assert.ok(!existsSync(partOf(path)));
  }
  assert.ok(asked.includes('bytes=10-'));
});

test('server errors keep the bytes that were received', async (t) => {
  const { path, fetch } = await prepare(t, (_request, response) => response.writeHead(503).end());
  await fails(fetch({ url: 'http://127.0.0.1:9/none' }), 'data-missing');
  writeFileSync(partOf(path), BYTES.subarray(0, 10));
  await fails(fetch(), 'data-missing');
  assert.equal(statSync(partOf(path)).size, 10);
});

test('another file than the pinned one is refused and not kept', async (t) => {
  const other = Buffer.alloc(300_000, 'replaced');
  for (const bytes of [other, BYTES.subarray(0, 1000), Buffer.of()]) {
    const { path, fetch } = await prepare(t, serve(bytes));
    await fails(fetch(), 'data-corrupt');
    assert.ok(!existsSync(path) && !existsSync(partOf(path)));
  }
});

test('too much is refused: announced, unannounced, or without end', async (t) => {
  const big = Buffer.alloc(LIMIT + 1);
  const announced = await prepare(t, serve(big));
  await fails(announced.fetch(), 'data-corrupt');
  const endless = await prepare(t, (_request, response) => {
    response.writeHead(200);
    const more = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setImmediate(more));
    };
    more();
  });
  await fails(endless.fetch(), 'data-corrupt');
  assert.ok(!existsSync(partOf(endless.path)));
});

test('unsuccessful statuses fail, and keep the bytes that were received', async (t) => {
  for (const status of [204, 400, 403, 404, 429, 500, 503]) {
    const { path, fetch } = await prepare(t, (_request, response) => void response.writeHead(status).end());
    await fails(fetch(), 'data-missing');
    writeFileSync(partOf(path), BYTES.subarray(0, 10));
    await fails(fetch(), 'data-missing');
    assert.equal(statSync(partOf(path)).size, 10);
  }
});

test('redirections are followed, but not in circles', async (t) => {
  const { path, fetch } = await prepare(t, (request, response) => {
    if (request.url === '/file.bin') response.writeHead(302, { location: '/elsewhere' }).end();
    else serve(BYTES)(request, response);
  });
  await fetch();
  assert.deepEqual(readFileSync(path), BYTES);
  const circle = await prepare(t, (_request, response) => {
    response.writeHead(302, { location: '/file.bin' }).end();
  });
  await fails(circle.fetch(), 'data-missing');
  assert.ok(circle.server.requests.length < 20);
});

test('a silent server is given up: before its answer, and within it', async (t) => {
  const mute = await prepare(t, () => undefined);
  await fails(mute.fetch(), 'data-missing');
  const stalled = await prepare(t, (_request, response) => {
    response.writeHead(200, { 'content-length': BYTES.length });
    response.write(BYTES.subarray(0, 1000));
  });
  await fails(stalled.fetch(), 'data-missing');
  assert.equal(statSync(partOf(stalled.path)).size, 1000);
});

test('a connection that is reset, or refused, says what to do', async (t) => {
  const { fetch } = await prepare(t, (request) => void request.socket.resetAndDestroy());
  await fails(fetch(), 'data-missing');
  await fails(fetch({ url: 'http://127.0.0.1:9/file.bin' }), 'data-missing');
  await fails(fetch({ url: 'http://no-such-host.invalid/file.bin' }), 'data-missing');
});

test('Ctrl-C leaves a part from which the next run resumes', async (t) => {
  const stop = new AbortController();
  const { path, fetch } = await prepare(t, (request, response) => {
    if (request.headers.range !== undefined) return serve(BYTES)(request, response);
    response.writeHead(200, { 'content-length': BYTES.length });
    response.write(BYTES.subarray(0, 1000));
    setTimeout(() => stop.abort(), 200);
  });
  await fails(fetch({}, { signal: stop.signal, stallMilliseconds: 60_000 }), 'interrupted');
  assert.equal(statSync(partOf(path)).size, 1000);
  await fetch();
  assert.deepEqual(readFileSync(path), BYTES);
});

test('the content of a gzip file counts, however it was packed; a bomb is refused', async (t) => {
  const file = { gunzip: true };
  for (const level of [1, 9]) {
    const { path, fetch } = await prepare(t, serve(gzipSync(BYTES, { level })));
    await fetch(file);
    assert.ok(await isIntact(path, { sha256: sha256(BYTES), gunzip: true, limit: LIMIT }));
  }
  for (const bytes of [gzipSync(Buffer.alloc(2 ** 25)), BYTES, gzipSync(BYTES).subarray(0, 200)]) {
    await fails((await prepare(t, serve(bytes))).fetch(file), 'data-corrupt');
  }
});

test('two processes at once fetch a file once', async (t) => {
  const { path, server } = await prepare(t, (request, response) => {
    setTimeout(() => serve(BYTES)(request, response), 300);
  });
  const module = new URL('../../src/files/download.js', import.meta.url).href;
  const file = { url: `${server.url}/file.bin`, sha256: sha256(BYTES), limit: LIMIT, hint: '' };
  const code = `const { ensureFile } = await import(${JSON.stringify(module)});
    await ensureFile(${JSON.stringify(path)}, ${JSON.stringify(file)}, { signal: new AbortController().signal, onProgress() {} });`;
  const start = (): Promise<number | null> =>
    new Promise((resolve) => {
      spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'ignore' }).on(
        'close',
        resolve,
      );
    });
  assert.deepEqual(await Promise.all([start(), start()]), [0, 0]);
  assert.deepEqual(server.requests, ['/file.bin']);
  assert.deepEqual(readFileSync(path), BYTES);
});

/** The system answers there that the parent of a new folder does not exist, which Node's recursive `mkdir` would try for ever. */
test('a place where no folder can be is refused', { skip: process.platform !== 'linux' }, async () => {
  const file = { url: 'http://127.0.0.1:9/', sha256: sha256(BYTES), limit: LIMIT, hint: 'by hand' };
  const options = { signal: new AbortController().signal, onProgress: () => undefined };
  await assert.rejects(ensureFile('/proc/hourglass/data/file.bin', file, options), Failure);
});
