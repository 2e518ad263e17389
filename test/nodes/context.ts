/** A stage's surroundings, for tests of single nodes. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Progress } from '../../src/core/event.ts';
import { deriveSeed } from '../../src/core/seed.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { InputArtifact, StageContext } from '../../src/nodes/contract.ts';

export interface FakeOptions {
  readonly stage?: string;
  readonly seed?: number;
  readonly inputs?: Readonly<Record<string, InputArtifact>>;
  readonly pipelineFolder?: string;
  readonly engine?: () => Promise<Engine>;
  readonly signal?: AbortSignal;
}

/** A temporary folder that goes when the test ends. */
export function temporaryFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-node-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A context that writes into its own folder below `folder`, and keeps the stage's reports. */
export function fakeContext<Settings>(
  folder: string,
  settings: Settings,
  options: FakeOptions = {},
): StageContext<Settings> & { readonly reports: readonly Progress[]; readonly logs: readonly string[] } {
  const stage = options.stage ?? 'stage';
  const own = join(folder, stage);
  mkdirSync(own, { recursive: true });
  const reports: Progress[] = [];
  const logs: string[] = [];
  return {
    stage,
    settings,
    inputs: options.inputs ?? {},
    folder: own,
    pipelineFolder: options.pipelineFolder ?? folder,
    seed: (purpose) => deriveSeed(options.seed ?? 0, stage, purpose),
    engine: options.engine ?? (() => Promise.reject(new Error('this test has no engine'))),
    signal: options.signal ?? new AbortController().signal,
    progress: (progress) => void reports.push(progress),
    log: (_level, message) => void logs.push(message),
    reports,
    logs,
  };
}
