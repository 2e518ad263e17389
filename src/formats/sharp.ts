/** libvips, which decodes most pictures and writes animations. Its library is for one system each, and not on every one. */
import type sharp from 'sharp';
import { failure } from '../core/diagnostic.ts';

let loaded: Promise<typeof sharp> | undefined;

/**
 * Loads it with the first picture: whoever has none need not wait for it, or have it.
 *
 * @throws Failure `decoder-missing`
 */
export function loadSharp(): Promise<typeof sharp> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<typeof sharp> {
  const { default: library } = await import('sharp').catch((error: unknown) => {
    const [reason = ''] = error instanceof Error ? error.message.split('\n') : [];
    throw failure(
      'decoder-missing',
      `the library for pictures, \`sharp\`, cannot be loaded: ${reason}`,
      'install Hourglass again on this system: the library is installed for one system and processor',
    );
  });
  // No image is read twice.
  library.cache(false);
  // Several images are decoded at the same time, each by one thread: for small ones, more would wait for one another.
  library.concurrency(1);
  return library;
}
