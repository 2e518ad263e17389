/** libvips, which decodes most pictures and writes animations. It is a native library, which is not available on every system. */
import type sharp from 'sharp';
import { failure } from '../core/diagnostic.ts';

let loaded: Promise<typeof sharp> | undefined;

/**
 * Loads it with the first picture: without pictures, it is not needed.
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
      'install Hourglass again on this system: the library is specific to a system and a processor',
    );
  });
  // Images are read only once.
  library.cache(false);
  // Several images are decoded in parallel, each by one thread: with small images, more threads per image would wait for each
  // other.
  library.concurrency(1);
  return library;
}
