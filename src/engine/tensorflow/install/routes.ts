/** The ways to get TensorFlow onto a machine: the pinned wheel, or what the user names. */
import { existsSync } from 'node:fs';
import { rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { failure } from '../../../core/diagnostic.ts';
import { namedFolder, type EngineRoute } from '../location.ts';
import { PLATFORM, WHEELS, type WheelPin } from '../pins.ts';
import { checkAddon, compileAddon } from './compile-addon.ts';
import type { InstallProgress } from './command.ts';
import { downloadWheel } from './download.ts';
import { stripLibraries } from './strip.ts';
import { unpackWheel } from './unpack.ts';

export interface InstallContext {
  /** Absolute path of an empty folder that becomes the engine's. */
  readonly folder: string;
  readonly onProgress: InstallProgress;
  readonly signal: AbortSignal;
}

export interface Installed {
  /** Absolute path of the addon. */
  readonly addon: string;
  /** The version that the library reports. */
  readonly tensorflow: string;
}

export interface Route {
  readonly name: EngineRoute;
  /** Absolute path of the folder that it depends on. */
  readonly source?: string;
  /** @throws Failure with the reason why this route fails */
  install(context: InstallContext): Promise<Installed>;
}

/** The route to take. If it fails, no other is tried: nothing else is known to be the right build. */
export function chosenRoute(): Route {
  const folder = namedFolder();
  if (folder !== undefined) {
    return { name: 'folder', source: folder, install: (context) => fromFolder(context, folder) };
  }
  const wheel = process.env['HOURGLASS_ENGINE_WHEEL'];
  if (wheel !== undefined && wheel !== '') {
    return { name: 'wheel-file', install: (context) => fromWheel(context, resolve(wheel)) };
  }
  return { name: 'wheel', install: fromIndex };
}

function pinOfPlatform(): WheelPin {
  const pin = WHEELS[PLATFORM];
  if (pin !== undefined) return pin;
  throw failure(
    'engine-missing',
    `there is no build of TensorFlow for ${PLATFORM} that Hourglass can use`,
    `nothing needs to be installed: pipelines run with the portable engine; TensorFlow is available for ${Object.keys(WHEELS).join(', ')}${process.platform === 'win32' ? '; WSL is linux-x64' : ''}`,
  );
}

async function fromIndex(context: InstallContext): Promise<Installed> {
  const pin = pinOfPlatform();
  const download = join(context.folder, 'download');
  const wheel = await downloadWheel(pin, download, context.onProgress, context.signal);
  const installed = await fromWheel(context, wheel);
  await rm(download, { recursive: true });
  return installed;
}

/** Unpacks a wheel into the engine's folder and compiles the addon against it. */
async function fromWheel(context: InstallContext, wheel: string): Promise<Installed> {
  const pin = pinOfPlatform();
  await unpackWheel(wheel, context.folder, pin, context.onProgress, context.signal);
  await stripLibraries(context.folder, pin);
  return compileIn(context, context.folder, pin);
}

/** Uses the libraries of a folder, which stay where they are, and its addon if it has one. */
async function fromFolder(context: InstallContext, folder: string): Promise<Installed> {
  const ready = join(folder, 'tfjs_binding.node');
  if (existsSync(ready)) return { addon: ready, tensorflow: await checkAddon(ready) };
  const pin = pinOfPlatform();
  for (const name of pin.libraries) {
    if (!existsSync(join(folder, name))) {
      throw failure(
        'engine-install-failed',
        `\`HOURGLASS_ENGINE_DIR\` is \`${folder}\`, which has no \`${name}\``,
        'set it to a folder with `tfjs_binding.node`, or with the two libraries and `include/`',
      );
    }
    await symlink(join(folder, name), join(context.folder, name));
  }
  return compileIn(context, folder, pin);
}

async function compileIn(context: InstallContext, headers: string, pin: WheelPin): Promise<Installed> {
  context.onProgress('compiling the addon');
  const addon = await compileAddon(context.folder, join(headers, 'include'), pin, context.signal);
  context.onProgress('checking that it loads');
  return { addon, tensorflow: await checkAddon(addon) };
}
