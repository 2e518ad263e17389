/** Times one case: all engines are warmed up together, and take turns. */
import type { BenchCase } from './bench-case.ts';
import { Contestant, OURS, type EngineSpec } from './engines.ts';
import { otherLoad } from './load.ts';
import { taskOf, type Stretch } from './protocol.ts';
import { resultsOf, type Result } from './results.ts';

export interface CaseResults {
  readonly results: readonly Result[];
  readonly versions: Readonly<Record<string, string>>;
  /** Notes of the engines, and why some are left out. */
  readonly notes: readonly string[];
  /** Share of the processor that other programs used before each round. */
  readonly loads: readonly number[];
}

export interface CaseOptions {
  readonly engines: readonly EngineSpec[];
  readonly rounds: number;
  readonly threads: number;
  /** File of the case's images. */
  readonly images: string;
  readonly say: (line: string) => void;
}

/** An engine that fails is left out, but Hourglass must not fail. */
export async function runCase(
  benchCase: BenchCase,
  { engines, rounds, threads, images, say }: CaseOptions,
): Promise<CaseResults> {
  const task = taskOf(benchCase, images, threads);
  const contestants: Contestant[] = [];
  const versions: Record<string, string> = {};
  const notes: string[] = [];
  const failed = new Set<Contestant>();
  const attempt = async (contestant: Contestant, action: () => Promise<void>): Promise<void> => {
    if (failed.has(contestant)) return;
    await action().catch((error: unknown) => {
      if (contestant.name === OURS || !(error instanceof Error)) throw error;
      failed.add(contestant);
      notes.push(`${benchCase.name}: ${error.message}`);
      say(`${benchCase.name}: ${contestant.name} fails and is left out`);
    });
  };
  try {
    for (const engine of engines) {
      say(`${benchCase.name}: starting ${engine.name}`);
      const contestant = new Contestant(engine, task);
      contestants.push(contestant);
      await attempt(contestant, async () => {
        const ready = await contestant.ready();
        Object.assign(versions, ready.versions);
        if (ready.note !== undefined) notes.push(`${benchCase.name}: ${ready.note}`);
      });
    }
    const stretches = new Map<string, Stretch[]>();
    const loads: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      say(`${benchCase.name}: round ${round} of ${rounds}`);
      loads.push(await otherLoad());
      for (const contestant of contestants) {
        await attempt(contestant, async () => {
          const { name } = contestant;
          stretches.set(name, [...(stretches.get(name) ?? []), await contestant.run()]);
        });
      }
    }
    return { results: resultsOf(benchCase.name, benchCase.batch, OURS, stretches), versions, notes, loads };
  } finally {
    for (const contestant of contestants) contestant.stop();
  }
}
