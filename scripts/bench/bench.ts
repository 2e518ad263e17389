/**
 * `npm run bench`: how long a training step takes. `-- --peers` runs Keras, PyTorch, JAX and tfjs beside Hourglass: all
 * engines of a case are warm at the same time and take turns, so that whatever else the machine does meets them alike.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../../src/files/atomic.ts';
import { packageRoot } from '../../src/core/package-root.ts';
import { installEngine } from '../../src/engine/install.ts';
import { readMnist } from '../../src/nodes/dataset/mnist.ts';
import { isWanted, parseArguments, USAGE, UsageError, type BenchArguments } from './arguments.ts';
import { CASES, flopsOf, withSteps, type BenchCase } from './cases.ts';
import { Contestant, ENGINES, OURS, PYTHON, type EngineSpec } from './engines.ts';
import { loadNote, otherLoad } from './load.ts';
import type { Limit } from './limit.ts';
import type { Stretch, Task } from './protocol.ts';
import { notesOn, resultsOf, resultTable, table, type Result } from './results.ts';
import { sweepWork } from './sweep.ts';
import { RUN_WORK, timeWholeCommands } from './whole.ts';

const FOLDER = join(packageRoot, '.bench');
const THREADS = 2;

const options = readArguments();
const say = (line: string): void => void process.stderr.write(`${line}\n`);

function readArguments(): BenchArguments {
  try {
    return parseArguments(
      process.argv.slice(2),
      CASES.map(({ name }) => name),
    );
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}\n`);
    process.exit(2);
  }
}

/** A Python of its own with the peers, made once. */
function installPeers(): void {
  const requirements = join(packageRoot, 'scripts', 'bench', 'peers', 'requirements.txt');
  if (!existsSync(PYTHON))
    execFileSync('python3', ['-m', 'venv', join(FOLDER, 'venv')], { stdio: 'inherit' });
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  execFileSync(PYTHON, install, { stdio: ['ignore', 2, 2] });
}

interface CaseResults {
  readonly results: readonly Result[];
  readonly versions: Readonly<Record<string, string>>;
  /** Why engines are left out. */
  readonly refusals: readonly string[];
  /** Of the processor, before each round: what other programs used. */
  readonly loads: readonly number[];
}

/** An engine that fails is left out, but ours must not. */
async function runCase(
  benchCase: BenchCase,
  engines: readonly EngineSpec[],
  rounds: number,
  images: string,
): Promise<CaseResults> {
  const task: Task = { ...benchCase, images, threads: THREADS };
  const contestants: Contestant[] = [];
  const versions: Record<string, string> = {};
  const failed = new Map<Contestant, string>();
  const attempt = async (contestant: Contestant, action: () => Promise<void>): Promise<void> => {
    if (failed.has(contestant)) return;
    await action().catch((error: unknown) => {
      if (contestant.name === OURS || !(error instanceof Error)) throw error;
      failed.set(contestant, `${benchCase.name}: ${error.message}`);
      say(`${benchCase.name}: ${contestant.name} fails and is left out`);
    });
  };
  try {
    for (const engine of engines) {
      say(`${benchCase.name}: starting ${engine.name}`);
      const contestant = new Contestant(engine, task);
      contestants.push(contestant);
      await attempt(contestant, async () => {
        Object.assign(versions, await contestant.ready());
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
    const results = resultsOf(benchCase.name, benchCase.batch, OURS, stretches);
    return { results, versions, refusals: [...failed.values()], loads };
  } finally {
    for (const contestant of contestants) contestant.stop();
  }
}

function measureLimit(): Limit {
  const program = fileURLToPath(new URL('./limit.js', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, String(THREADS)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the limit cannot be measured: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout) as Limit;
}

function limitTable(cases: readonly BenchCase[], { product, convolution }: Limit): string {
  const rows = cases.map((each) => {
    const rate = each.model === 'dense' ? product : convolution;
    const flops = flopsOf(each);
    return [each.name, '', (flops / 1e6).toFixed(0), rate.toFixed(0), (flops / rate / 1e6).toFixed(2)];
  });
  return table(['case', '', 'MFLOP a step', 'GFLOP/s at best', 'limit in ms a step'], rows);
}

mkdirSync(FOLDER, { recursive: true });
await installEngine((step) => say(step), new AbortController().signal);
if (options.peers) installPeers();
const images = join(FOLDER, 'mnist.u8');
if (!existsSync(images)) await writeFileAtomic(images, (await readMnist('train', 'images')).data);

const cases = CASES.filter(({ name }) => isWanted(name, options.cases)).map((each) =>
  withSteps(each, options.steps),
);
const results: Result[] = [];
const refusals: string[] = [];
const isWhole = options.whole || options.sweep;
const loads: number[] = isWhole ? [await otherLoad()] : [];
const versions: Record<string, string> = { node: process.version };
if (isWhole) {
  const work = options.sweep ? sweepWork(options.steps) : RUN_WORK;
  results.push(...(await timeWholeCommands(work, { folder: FOLDER, ...options, say })));
} else {
  for (const benchCase of cases) {
    const engines = ENGINES.filter(
      ({ name, isPeer, suits }) =>
        (options.peers || !isPeer) &&
        (name === OURS || isWanted(name, options.engines)) &&
        (suits?.(benchCase) ?? true),
    );
    const found = await runCase(benchCase, engines, options.rounds, images);
    results.push(...found.results);
    refusals.push(...found.refusals);
    loads.push(...found.loads);
    Object.assign(versions, found.versions);
  }
}
const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, threads: THREADS };
const limit = measureLimit();
const notes = [...notesOn(results), ...refusals, ...loadNote(loads)];
if (options.json) {
  process.stdout.write(`${JSON.stringify({ machine, versions, limit, results, notes }, null, 2)}\n`);
} else {
  const facts = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  process.stdout.write(
    `${resultTable(results)}\n\n${isWhole ? '' : `${limitTable(cases, limit)}\n\n`}` +
      `${machine.cpu}, ${machine.cores} cores, ${THREADS} threads each; ${facts.join(', ')}\n` +
      notes.map((note) => `${note}\n`).join(''),
  );
}
