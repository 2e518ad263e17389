/** Files from the network: each is fetched once for a user, resumed where it was cut off, and checked before it has its name. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { Failure, failure } from '../core/diagnostic.ts';
import { errorCode, fileFailure, syncFile, syncFolder } from './atomic.ts';
import { move, remove } from './in-use.ts';
import { lockLost, takeLock } from './lock.ts';

export interface RemoteFile {
  /** `http:` or `https:` */
  readonly url: string;
  /** Of the file, in hexadecimal; with `gunzip`, of what it unpacks to. */
  readonly sha256: string;
  /** True for a gzip file whose content is what counts: mirrors have packed it in different ways. */
  readonly gunzip?: boolean;
  /** The most bytes that are taken, packed and unpacked. */
  readonly limit: number;
  /** What to do where the network fails. */
  readonly hint: string;
}

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** @param fraction from 0 to 1; undefined where the server does not tell the size */
  readonly onProgress: (text: string, fraction?: number) => void;
  /** How long the server may be silent. */
  readonly stallMilliseconds?: number;
}

const STALL_MILLISECONDS = 30_000;
const MOST_REDIRECTIONS = 5;

/** Between two looks at another process's download. */
const WAIT_MILLISECONDS = 200;

/**
 * Sees to it that a checked file lies at `path`. What was received before a failure or Ctrl-C stays in `path.part` and is gone on
 * from. One process at a time fetches; others wait for its file.
 *
 * @throws Failure `data-missing`, `data-corrupt`, `disk-full`, `output-not-writable` or `interrupted`
 */
export async function ensureFile(path: string, file: RemoteFile, options: DownloadOptions): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
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

/** Whether a file is there with the content that it must have. */
export async function isIntact(
  path: string,
  file: Pick<RemoteFile, 'sha256' | 'gunzip' | 'limit'>,
): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && (await contentHash(path, file)) === file.sha256;
}

/** SHA-256 of a file or of what it unpacks to; undefined if it does not unpack, or to more than the limit. */
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
  // The part may have been of another file; from the start, there is nothing else to blame.
  if (resumed > 0) return fetchWhole(path, file, options);
  throw failure('data-corrupt', `\`${file.url}\` is not the expected file: its SHA-256 differs`, file.hint);
}

/** Appends to `part` what is missing of it. */
async function receive(
  part: string,
  resumed: number,
  file: RemoteFile,
  options: DownloadOptions,
): Promise<void> {
  const { url, limit } = file;
  const stall = options.stallMilliseconds ?? STALL_MILLISECONDS;
  const timeouts = { headersTimeout: stall, bodyTimeout: stall, connect: { timeout: stall } };
  // Loaded here: it takes longer than most commands, and few of them download anything.
  const { Agent, EnvHttpProxyAgent, interceptors, request } = await import('undici');
  const agent = hasProxy() ? new EnvHttpProxyAgent(timeouts) : new Agent(timeouts);
  try {
    const response = await request(url, {
      dispatcher: agent.compose(interceptors.redirect({ maxRedirections: MOST_REDIRECTIONS })),
      signal: options.signal,
      headers: {
        // Bytes as they lie on the server: a range of packed bytes could not be gone on from.
        'accept-encoding': 'identity',
        ...(resumed > 0 ? { range: `bytes=${resumed}-` } : {}),
      },
    });
    const start = startOf(response, resumed);
    if (start === undefined) {
      response.body.on('error', () => undefined).destroy();
      // Whatever keeps the server from going on from here would keep it from that for ever; its own troubles pass.
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
    // Whatever went beyond the limit would go there again.
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

/** Whether a server does not like the request itself; a file that is not there is another matter. */
function isRefused(status: number): boolean {
  return status >= 400 && status < 500 && ![401, 404, 407, 408, 410, 429].includes(status);
}

/** Where the body begins in the file; undefined if the answer is none of the file. */
function startOf({ statusCode, headers }: Dispatcher.ResponseData, resumed: number): number | undefined {
  if (statusCode === 200) return 0;
  const range = /^bytes (\d+)-/.exec(String(headers['content-range'] ?? ''))?.[1];
  return statusCode === 206 && Number(range) === resumed ? resumed : undefined;
}

/** Lets a stream pass up to a number of bytes. */
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

/** Errors of our own disk, which no other server mends. */
function isFileError(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EIO'].includes(errorCode(error));
}

function reasonOf(error: unknown): string {
  const code = errorCode(error);
  return code !== '' ? code : error instanceof Error ? error.message : String(error);
}
