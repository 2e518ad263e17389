/**
 * `npm run bench`: times training steps. `-- --peers` also runs Keras, PyTorch, JAX and tfjs: all engines of a case are warmed up
 * together and take turns, so that other load on the machine affects them equally.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../src/core/package-root.ts';
import { installEngine } from '../../src/engine/tensorflow/install.ts';
import { parseArguments, USAGE, UsageError, type BenchArguments } from './arguments.ts';
import { hasConvolutions, type BenchCase } from './bench-case.ts';
import { CASES, GROUPS, withSteps } from './cases.ts';
import { writeImages } from './data.ts';
import { ENGINES, enginesOf, onOther, PYTHON, type EngineSpec } from './engines.ts';
import { flopsOf } from './flops.ts';
import { inferenceTable, timeInference, type InferenceResult } from './inference.ts';
import { loadNote, otherLoad } from './load.ts';
import type { Limit } from './limit.ts';
import { taskOf } from './protocol.ts';
import { costTable, resultTable, type Result } from './results.ts';
import { runCase } from './run-case.ts';
import { growthTable, laddersOf } from './scale.ts';
import { sweepWork } from './sweep.ts';
import { table } from './table.ts';
import { RUN_WORK, timeWholeCommands } from './whole.ts';

const FOLDER = join(packageRoot, '.bench');
const THREADS = 2;

const options = readArguments();
const say = (line: string): void => void process.stderr.write(`${line}\n`);

function readArguments(): BenchArguments {
  const names = (all: readonly { readonly name: string }[]): readonly string[] => all.map(({ name }) => name);
  const groups = { core: names(GROUPS.core), all: names(GROUPS.all) };
  try {
    return parseArguments(process.argv.slice(2), groups, names(ENGINES));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}\n`);
    process.exit(2);
  }
}

/** A virtual environment of Python with the peers, created once. */
function installPeers(): void {
  const requirements = join(packageRoot, 'scripts', 'bench', 'peers', 'requirements.txt');
  if (!existsSync(PYTHON))
    execFileSync('python3', ['-m', 'venv', join(FOLDER, 'venv')], { stdio: 'inherit' });
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  execFileSync(PYTHON, install, { stdio: ['ignore', 2, 2] });
}

function measureLimit(): Limit {
  const program = fileURLToPath(new URL('./limit.js', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, String(THREADS)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the machine's limit cannot be measured: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout) as Limit;
}

function limitTable(cases: readonly BenchCase[], { product, convolution }: Limit): string {
  const rows = cases.map((each) => {
    const rate = hasConvolutions(each) ? convolution : product;
    const flops = flopsOf(each);
    return [each.name, '', (flops / 1e6).toFixed(0), rate.toFixed(0), (flops / rate / 1e6).toFixed(2)];
  });
  return table(['case', '', 'MFLOP per step', 'GFLOP/s at best', 'limit in ms per step'], rows);
}

mkdirSync(FOLDER, { recursive: true });
await installEngine((step) => say(step), new AbortController().signal);
if (options.peers) installPeers();
const images = await writeImages(FOLDER);

const results: (Result | InferenceResult)[] = [];
const tables: string[] = [];
const notes: string[] = [];
const loads: number[] = [await otherLoad()];
const versions: Record<string, string> = { node: process.version };
const limit = measureLimit();

/** Hourglass on the case without what this one adds. */
function othersOf({ without }: BenchCase): readonly EngineSpec[] {
  return CASES.filter(({ name }) => name === without).map((other) =>
    onOther(taskOf(withSteps(other, options.steps), images[other.data], THREADS)),
  );
}

/** Every engine on every case. */
async function runCases(cases: readonly BenchCase[]): Promise<readonly Result[]> {
  const all: Result[] = [];
  for (const benchCase of cases) {
    const found = await runCase(benchCase, {
      ...{ rounds: options.rounds, threads: THREADS, images: images[benchCase.data], say },
      engines: [...enginesOf(benchCase, options), ...othersOf(benchCase)],
    });
    // If a long run is interrupted, its results so far are kept.
    say(`\n${resultTable(found.results)}\n`);
    all.push(...found.results);
    notes.push(...found.notes);
    loads.push(...found.loads);
    Object.assign(versions, found.versions);
  }
  results.push(...all);
  return all;
}

const cases = CASES.filter(({ name }) => options.cases.includes(name)).map((each) =>
  withSteps(each, options.steps),
);
switch (options.work) {
  case 'steps': {
    const found = await runCases(cases);
    tables.push(resultTable(found), ...costTable(cases, found), limitTable(cases, limit));
    break;
  }
  case 'scale':
    if (options.axis === undefined) break;
    for (const ladder of laddersOf(options.axis, options.steps)) {
      const found = await runCases(ladder.rungs.map(({ benchCase }) => benchCase));
      tables.push(growthTable(ladder, options.axis, found));
    }
    break;
  case 'inference': {
    const found = cases.flatMap((each) =>
      timeInference(each, { ...options, threads: THREADS, images: images[each.data], say }),
    );
    results.push(...found);
    tables.push(inferenceTable(found));
    break;
  }
  case 'whole':
  case 'sweep': {
    const work = options.work === 'sweep' ? sweepWork(options.steps) : RUN_WORK;
    const found = await timeWholeCommands(work, { folder: FOLDER, ...options, say });
    results.push(...found);
    tables.push(resultTable(found));
  }
}
const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, threads: THREADS };
notes.push(...loadNote(loads));
if (options.json) {
  process.stdout.write(`${JSON.stringify({ machine, versions, limit, results, notes }, null, 2)}\n`);
} else {
  const facts = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  process.stdout.write(
    `${tables.map((each) => `${each}\n\n`).join('')}` +
      `${machine.cpu}, ${machine.cores} cores, ${THREADS} threads each; ${facts.join(', ')}\n` +
      [...new Set(notes)].map((note) => `${note}\n`).join(''),
  );
}
