/** Pipelines in a folder of their own, loaded with the real schemas. */
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { loadPipeline } from '../../src/config/load.ts';
import type { LoadOptions, LoadResult, StageTypes } from '../../src/config/pipeline.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { readSchema, STAGE_TYPES } from '../../src/schema/schemas.ts';
import type { StageType } from '../../src/core/stage-type.ts';

/** A stage type that only needs a schema. */
export function stageType(type: string, schema: JsonObject): StageType {
  return {
    type,
    version: 1,
    schema,
    inputs: {},
    outputs: 'figure',
    draws: false,
    engine: false,
    analyze: () => ({ kind: 'figure' }),
  };
}

const builtin = new Map(STAGE_TYPES.map((type) => [type, stageType(type, readSchema(`stages/${type}`))]));

export interface Rig {
  readonly folder: string;
  /** Writes files by their names in the folder. */
  write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
  /** Loads `pipeline.yaml`, or another file, after writing it if its text is given. */
  load(text?: string, options?: RigOptions): Promise<LoadResult>;
}

export interface RigOptions {
  readonly file?: string;
  readonly overrides?: readonly string[];
  readonly stageTypes?: LoadOptions['stageTypes'];
}

export async function makeRig(test: TestContext): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-config-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const write: Rig['write'] = async (files) => {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
  };
  return {
    folder,
    write,
    async load(text, { file = 'pipeline.yaml', ...options } = {}) {
      if (text !== undefined) await write({ [file]: text });
      return loadPipeline(join(folder, file), { stageTypes: () => Promise.resolve(types()), ...options });
    },
  };
}

export function types(more: readonly StageType[] = [], problems: StageTypes['problems'] = []): StageTypes {
  return { types: new Map([...builtin, ...more.map((type) => [type.type, type] as const)]), problems };
}

/** Each diagnostic as `code line:column`, with the file's last name unless it is `pipeline.yaml`. */
export function found({ diagnostics }: LoadResult): readonly string[] {
  return diagnostics.map(({ code, range }) => {
    if (range === undefined) return code;
    const name = range.file.startsWith('-S') ? range.file : (range.file.split('/').at(-1) ?? '');
    const place = `${range.start.line}:${range.start.column}`;
    return `${code} ${name === 'pipeline.yaml' ? '' : `${name}:`}${place}`;
  });
}

/** The hints of all diagnostics. */
export function hints({ diagnostics }: LoadResult): string {
  return diagnostics.map(({ hint }) => hint ?? '').join('\n');
}

/** A pipeline of an autoencoder with one parameter; lines: `latent_size` 4, `mnist` 6, `autoencoder` 9, `denoiser` 19. */
export const VALID = `name: small
seed: 7
params:
  latent_size: 16
stages:
  mnist:
    type: dataset
    source: mnist
  autoencoder:
    type: model
    input_shape: [28, 28, 1]
    encoder:
      - Flatten
      - Dense: { units: 64, activation: relu }
      - Dense: { units: "\${params.latent_size}" }
    decoder:
      - Dense: { units: 784, activation: sigmoid }
      - Reshape: { target_shape: [28, 28, 1] }
  denoiser:
    type: train
    model: autoencoder
    data: mnist
    loss: mse
    epochs: 10
    optimizer: { Adam: { learning_rate: 1e-3 } }
`;
