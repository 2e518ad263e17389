/** Downloads: each file is fetched once per user, resumed after interruptions, and checked before it gets its name. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { Failure, failure } from '../core/diagnostic.ts';
import { errorCode, fileFailure, makeFolder, syncFile, syncFolder } from './atomic.ts';
import { move, remove } from './in-use.ts';
import { lockLost, takeLock } from './lock.ts';

export interface RemoteFile {
  /** `http:` or `https:` */
  readonly url: string;
  /** Of the file, in hexadecimal; with `gunzip`, of the unpacked content. */
  readonly sha256: string;
  /** True for a gzip file of which only the content is checked: mirrors compress it differently. */
  readonly gunzip?: boolean;
  /** Maximum bytes, both packed and unpacked. */
  readonly limit: number;
  /** What the user can do if the network fails. */
  readonly hint: string;
}

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** @param fraction from 0 to 1; undefined where the server does not send the size */
  readonly onProgress: (text: string, fraction?: number) => void;
  /** How long to wait for data from the server. */
  readonly stallMilliseconds?: number;
}

const STALL_MILLISECONDS = 30_000;
const MOST_REDIRECTIONS = 5;

/** Between two checks of another process's download. */
const WAIT_MILLISECONDS = 200;

/**
 * Ensures that a checked file exists at `path`. After a failure or Ctrl-C, the bytes received so far stay in `path.part`, and the
 * next call resumes there. One process at a time downloads; others wait for its file.
 *
 * @throws Failure `data-missing`, `data-corrupt`, `disk-full`, `output-not-writable` or `interrupted`
 */
export async function ensureFile(path: string, file: RemoteFile, options: DownloadOptions): Promise<void> {
  try {
    await makeFolder(dirname(path));
    for (;;) {
      const lock = await takeLock(`${path}.lock`);
      if (lock.state === 'taken') {
        try {
          const signal = AbortSignal.any([options.signal, lock.lost]);
          if (!(await isIntact(path, file))) await fetchWhole(path, file, { ...options, signal });
          return;
        } catch (error) {
          throw lock.lost.aborted ? lockLost() : error;
        } finally {
          await lock.release();
        }
      }
      options.onProgress('waiting for the download of another run');
      await sleep(WAIT_MILLISECONDS, undefined, { signal: options.signal });
    }
  } catch (error) {
    if (options.signal.aborted) {
      throw failure('interrupted', 'stopped while downloading', 'the next run resumes the download');
    }
    throw fileFailure(error, path);
  }
}

/** Whether a file exists and has the expected content. */
export async function isIntact(
  path: string,
  file: Pick<RemoteFile, 'sha256' | 'gunzip' | 'limit'>,
): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && (await contentHash(path, file)) === file.sha256;
}

/** SHA-256 of a file or of its unpacked content; undefined if it cannot be unpacked, or exceeds the limit. */
async function contentHash(
  path: string,
  { gunzip = false, limit }: Pick<RemoteFile, 'gunzip' | 'limit'>,
): Promise<string | undefined> {
  const hash = createHash('sha256');
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  if (!gunzip) {
    await pipeline(source, hash);
    return hash.digest('hex');
  }
  try {
    await pipeline(source, createGunzip(), capped(limit, 0), hash);
    return hash.digest('hex');
  } catch (error) {
    if (error instanceof Failure || errorCode(error).startsWith('Z_')) return undefined;
    throw error;
  }
}

async function fetchWhole(path: string, file: RemoteFile, options: DownloadOptions): Promise<void> {
  const part = `${path}.part`;
  const resumed = (await stat(part).catch(() => undefined))?.size ?? 0;
  await receive(part, resumed, file, options);
  options.onProgress('checking the download');
  if ((await contentHash(part, file)) === file.sha256) {
    await syncFile(part);
    await move(part, path);
    await syncFolder(dirname(path));
    return;
  }
  await remove(part);
  // The part may have belonged to another file. If the whole file was received at once, the server's file is wrong.
  if (resumed > 0) return fetchWhole(path, file, options);
  throw failure('data-corrupt', `\`${file.url}\` is not the expected file: its SHA-256 differs`, file.hint);
}

/** Appends the missing bytes to `part`. */
async function receive(
  part: string,
  resumed: number,
  file: RemoteFile,
  options: DownloadOptions,
): Promise<void> {
  const { url, limit } = file;
  const stall = options.stallMilliseconds ?? STALL_MILLISECONDS;
  const timeouts = { headersTimeout: stall, bodyTimeout: stall, connect: { timeout: stall } };
  // Loaded on demand: loading takes longer than most commands, and few of them download anything.
  const { Agent, EnvHttpProxyAgent, interceptors, request } = await import('undici');
  const agent = hasProxy() ? new EnvHttpProxyAgent(timeouts) : new Agent(timeouts);
  try {
    const response = await request(url, {
      dispatcher: agent.compose(interceptors.redirect({ maxRedirections: MOST_REDIRECTIONS })),
      signal: options.signal,
      headers: {
        // Without compression in transit: a range of compressed bytes could not be resumed.
        'accept-encoding': 'identity',
        ...(resumed > 0 ? { range: `bytes=${resumed}-` } : {}),
      },
    });
    const start = startOf(response, resumed);
    if (start === undefined) {
      response.body.on('error', () => undefined).destroy();
      // If the server refuses to resume here, it always will, so start over. Other errors of the server are temporary.
      if (resumed > 0 && (response.statusCode === 206 || isRefused(response.statusCode))) {
        await receive(part, 0, file, options);
        return;
      }
      const redirected = response.statusCode >= 300 && response.statusCode < 400;
      throw failure(
        'data-missing',
        `\`${url}\` ${redirected ? `redirects more than ${MOST_REDIRECTIONS} times` : `answers with status ${response.statusCode}`}`,
        file.hint,
      );
    }
    const length = Number(response.headers['content-length'] ?? Number.NaN);
    const total = start + length;
    if (total > limit) {
      response.body.on('error', () => undefined).destroy();
      throw tooLarge(url, limit, file.hint);
    }
    const text = `downloading ${new URL(url).pathname.split('/').at(-1) ?? ''}`.trimEnd();
    let received = start;
    response.body.on('data', (chunk: Buffer) => {
      received += chunk.length;
      options.onProgress(text, Number.isNaN(total) ? undefined : received / total);
    });
    await pipeline(
      response.body,
      capped(limit, start, url, file.hint),
      createWriteStream(part, { flags: start > 0 ? 'a' : 'w' }),
    );
  } catch (error) {
    // A part that exceeds the limit is useless: resuming it would exceed the limit again.
    if (error instanceof Failure) {
      const isTooLarge = error.diagnostics[0]?.code === 'data-corrupt';
      if (isTooLarge) await remove(part);
      if (isTooLarge && resumed > 0) return await receive(part, 0, file, options);
      throw error;
    }
    if (options.signal.aborted || isFileError(error)) throw error;
    throw failure('data-missing', `\`${url}\` could not be downloaded (${reasonOf(error)})`, file.hint);
  } finally {
    await agent.destroy();
  }
}

/** Whether a server rejects the request itself, and not because of a missing file, authentication or load. */
function isRefused(status: number): boolean {
  return status >= 400 && status < 500 && ![401, 404, 407, 408, 410, 429].includes(status);
}

/** Where the body begins in the file; undefined if the response does not contain the file. */
function startOf({ statusCode, headers }: Dispatcher.ResponseData, resumed: number): number | undefined {
  if (statusCode === 200) return 0;
  const range = /^bytes (\d+)-/.exec(String(headers['content-range'] ?? ''))?.[1];
  return statusCode === 206 && Number(range) === resumed ? resumed : undefined;
}

/** Passes a stream through, and fails if it exceeds a number of bytes. */
function capped(limit: number, start: number, url = 'the file', hint?: string): Transform {
  let bytes = start;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > limit) done(tooLarge(url, limit, hint));
      else done(null, chunk);
    },
  });
}

function tooLarge(url: string, limit: number, hint?: string): Failure {
  return failure('data-corrupt', `\`${url}\` has more than the expected maximum of ${limit} bytes`, hint);
}

function hasProxy(): boolean {
  return ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some(
    (name) => (process.env[name] ?? '') !== '',
  );
}

/** Errors of the local disk, which another server would not fix. */
function isFileError(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EIO'].includes(errorCode(error));
}

function reasonOf(error: unknown): string {
  const code = errorCode(error);
  return code !== '' ? code : error instanceof Error ? error.message : String(error);
}
