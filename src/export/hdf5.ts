/** Writes HDF5 files with h5wasm, which is the HDF5 library compiled to WebAssembly. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as H5wasm from 'h5wasm/node';
import { packageRoot } from '../core/package-root.ts';
import { fileFailure } from '../files/atomic.ts';
import type { Weight } from './graph.ts';

/**
 * @param groups paths of groups, such as `layers/dense/vars`, with their arrays, which are named by their positions
 * @returns the bytes of the file
 */
export async function toHdf5(groups: ReadonlyMap<string, readonly Weight[]>): Promise<Uint8Array> {
  // Loaded here: it takes longer than the rest of the command.
  const h5wasm = (await import(
    pathToFileURL(join(packageRoot, 'dist', 'vendor', 'h5wasm.mjs')).href
  )) as Pick<typeof H5wasm, 'ready' | 'File' | 'Group'>;
  await h5wasm.ready;
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-hdf5-')).catch((error: unknown) => {
    throw fileFailure(error, tmpdir());
  });
  try {
    const path = join(folder, 'weights.h5');
    const file = new h5wasm.File(path, 'w');
    for (const [name, arrays] of groups) {
      let group: InstanceType<typeof h5wasm.Group> = file;
      for (const part of name.split('/')) {
        const inner = group.get(part);
        group = inner instanceof h5wasm.Group ? inner : group.create_group(part);
      }
      for (const [position, { shape, values }] of arrays.entries())
        group.create_dataset({ name: String(position), data: values, shape: [...shape], dtype: '<f4' });
    }
    file.flush();
    file.close();
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
