/** Where the engine is installed: in a per-user cache that all checkouts share. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { isJsonObject } from '../../core/json.ts';
import { PLATFORM, TENSORFLOW_VERSION } from './pins.ts';

/** How an engine was installed. */
export type EngineRoute = 'wheel' | 'wheel-file' | 'folder';

/** The content of `engine.json`, which is written last: an engine without it is not installed. */
export interface EngineRecord {
  /** Version that the library itself reports, such as `2.21.0`. */
  readonly tensorflow: string;
  readonly platform: string;
  readonly route: EngineRoute;
  /** Absolute path of the addon. */
  readonly addon: string;
  /** Absolute path of the folder that the user named, for an engine that was installed from one. */
  readonly source?: string;
  /** ISO 8601. */
  readonly installed: string;
}

/**
 * Version of the engine's layout: raised when the layout changes, so that an engine of an older Hourglass is not
 * used.
 */
const BUILD = 2;

/** `HOURGLASS_CACHE`, or the platform's folder for caches of the user. */
export function cacheFolder(): string {
  const own = process.env['HOURGLASS_CACHE'];
  if (own !== undefined && own !== '') return own;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'hourglass');
  if (process.platform === 'win32') {
    return join(process.env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'hourglass', 'Cache');
  }
  const xdg = process.env['XDG_CACHE_HOME'];
  return join(xdg !== undefined && xdg !== '' ? xdg : join(homedir(), '.cache'), 'hourglass');
}

/** The folder of this platform's engine, installed or not. */
export function engineFolder(): string {
  return join(cacheFolder(), 'engine', `tensorflow-${TENSORFLOW_VERSION}-${PLATFORM}-${BUILD}`);
}

/** The note that installing failed, so that `auto` does not try again at every run. */
export function installFailureFile(): string {
  return `${engineFolder()}.refused.json`;
}

/** The folder with libraries that the user named by `HOURGLASS_ENGINE_DIR`, absolute; undefined if none. */
export function namedFolder(): string | undefined {
  const folder = process.env['HOURGLASS_ENGINE_DIR'];
  return folder === undefined || folder === '' ? undefined : resolve(folder);
}

/**
 * The installed engine; undefined if there is none, if its addon is missing, or if the user named another folder than the one
 * from which it was installed.
 */
export async function readEngineRecord(): Promise<EngineRecord | undefined> {
  const value = await readJson(join(engineFolder(), 'engine.json'));
  if (!isJsonObject(value)) return undefined;
  const { tensorflow, platform, route, addon, source, installed } = value;
  const named = namedFolder();
  return typeof tensorflow === 'string' &&
    platform === PLATFORM &&
    (route === 'wheel' || route === 'wheel-file' || route === 'folder') &&
    typeof addon === 'string' &&
    typeof installed === 'string' &&
    existsSync(addon) &&
    (named === undefined || source === named)
    ? { tensorflow, platform, route, addon, installed, ...(typeof source === 'string' ? { source } : {}) }
    : undefined;
}

/** Why the last attempt to install failed; undefined if there was none, or it succeeded. */
export function readInstallFailure(): Promise<string | undefined> {
  return readReason(installFailureFile());
}

/** The reason in a note about a failure; undefined if there is no note. */
export async function readReason(path: string): Promise<string | undefined> {
  const value = await readJson(path);
  return isJsonObject(value) && typeof value['reason'] === 'string' ? value['reason'] : undefined;
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => '');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
