/** A process that opens hostile files one by one, and answers with the codes of their errors. */
import { mkdirSync, rmSync } from 'node:fs';
import { readIdx } from '../../src/formats/idx.ts';
import { readNpy } from '../../src/formats/npy.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { deriveSeed } from '../../src/core/seed.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { loadAutoencoder, loadModel, loadTrainable } from '../../src/layers/save.ts';
import { unpackArchive } from '../../src/submission/unpack.ts';

export type Kind = 'archive' | 'idx' | 'npy' | 'model' | 'autoencoder' | 'trainable';

export interface Question {
  readonly kind: Kind;
  readonly path: string;
}

export type Answer =
  { readonly codes: readonly string[] } | { readonly bug: string } | { readonly taken: true };

async function open({ kind, path }: Question): Promise<unknown> {
  switch (kind) {
    case 'archive': {
      const folder = `${path}.unpacked`;
      mkdirSync(folder);
      try {
        return await unpackArchive(path, folder);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
    case 'idx':
      return readIdx(path);
    case 'npy':
      return readNpy(path);
    case 'model':
      return loadModel((await loadEngine({ choice: 'portable', threads: 1 })).tf, path);
    case 'autoencoder':
      return loadAutoencoder((await loadEngine({ choice: 'portable', threads: 1 })).tf, path);
    case 'trainable':
      return loadTrainable((await loadEngine({ choice: 'portable', threads: 1 })).tf, path, (purpose) =>
        deriveSeed(1, 'x', purpose),
      );
  }
}

process.on('message', (question: Question) => {
  void open(question)
    .then(
      (): Answer => ({ taken: true }),
      (error: unknown): Answer =>
        error instanceof Failure
          ? { codes: error.diagnostics.map(({ code }) => code) }
          : { bug: error instanceof Error ? (error.stack ?? error.message) : String(error) },
    )
    .then((answer) => process.send?.(answer));
});
