/** What a page's scripts call: the build makes one script of this file and its imports, whose exports are `hourglass`. */
import { PageEngine } from '../../engine/webassembly/page.ts';
import { PagePlayer, type Run } from './player.ts';
import { runPlain } from './plain.ts';
import type { Model } from './model.ts';
import type { DataElement, Open } from '../player.ts';
import { unpack } from './packed.ts';
import { readContent } from './read.ts';

export { DamagedModel } from './damaged.ts';

export const open: Open = async ({ textContent }, wasm) => {
  const content = await readContent(textContent ?? '');
  const engine = wasm === undefined || wasm === null ? undefined : await engineOf(wasm);
  const loaded = engine === undefined ? undefined : load(engine, [content.encoder, content.decoder]);
  if (loaded !== undefined) return new PagePlayer(content, 'webassembly', loaded);
  return new PagePlayer(content, 'javascript', {
    encode: plain(content.encoder),
    decode: plain(content.decoder),
    dispose: () => undefined,
  });
};

/** The most bytes of `hourglass.wasm`. */
const MOST_WASM = 2 ** 22;

/** Several models of a page share one engine. */
const engines = new WeakMap<DataElement, Promise<PageEngine | undefined>>();

/** Undefined where the browser, or the page's policy, does not allow WebAssembly. */
function engineOf(wasm: DataElement): Promise<PageEngine | undefined> {
  const known = engines.get(wasm);
  if (known !== undefined) return known;
  const engine = Promise.resolve()
    .then(() => unpack(wasm.textContent ?? '', MOST_WASM))
    .then((bytes) => PageEngine.start(bytes))
    .catch(() => undefined);
  engines.set(wasm, engine);
  return engine;
}

/** Undefined if the module does not take the programs: plain JavaScript then computes. */
function load(
  engine: PageEngine,
  [encoder, decoder]: readonly [Model, Model],
): ConstructorParameters<typeof PagePlayer>[2] | undefined {
  try {
    const encoding = engine.load(encoder.program, encoder.variables);
    try {
      const decoding = engine.load(decoder.program, decoder.variables);
      return {
        encode: (inputs) => encoding.run(inputs),
        decode: (inputs) => decoding.run(inputs),
        dispose: () => {
          encoding.dispose();
          decoding.dispose();
        },
      };
    } catch (error) {
      encoding.dispose();
      throw error;
    }
  } catch {
    return undefined;
  }
}

function plain({ program, variables }: Model): Run {
  return (inputs) => runPlain(program, variables, inputs);
}
