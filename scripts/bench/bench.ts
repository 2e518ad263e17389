/**
 * `npm run bench`: how long a training step takes. `-- --peers` runs Keras, PyTorch, JAX and tfjs beside Hourglass: all
 * engines of a case are warm at the same time and take turns, so that whatever else the machine does meets them alike.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../src/core/package-root.ts';
import { readMnist } from '../../src/nodes/dataset/mnist.ts';
import { CASES, flopsOf, type BenchCase } from './cases.ts';
import { Contestant, ENGINES, OURS, PYTHON, type EngineSpec } from './engines.ts';
import type { Limit } from './limit.ts';
import type { Stretch, Task } from './protocol.ts';
import { resultsOf, resultTable, table, type Result } from './results.ts';
import { timeWholeCommands } from './whole.ts';

const FOLDER = join(packageRoot, '.bench');
const THREADS = 2;

const { values: options } = parseArgs({
  options: {
    peers: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    case: { type: 'string', multiple: true },
    engine: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '4' },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** A Python of its own with the peers, made once. */
function installPeers(): void {
  const requirements = join(packageRoot, 'scripts', 'bench', 'peers', 'requirements.txt');
  if (!existsSync(PYTHON))
    execFileSync('python3', ['-m', 'venv', join(FOLDER, 'venv')], { stdio: 'inherit' });
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  execFileSync(PYTHON, install, { stdio: ['ignore', 2, 2] });
}

async function runCase(
  benchCase: BenchCase,
  engines: readonly EngineSpec[],
  rounds: number,
  images: string,
): Promise<{ readonly results: Result[]; readonly versions: Readonly<Record<string, string>> }> {
  const task: Task = { ...benchCase, images, threads: THREADS };
  const contestants: Contestant[] = [];
  const versions: Record<string, string> = {};
  try {
    for (const engine of engines) {
      say(`${benchCase.name}: starting ${engine.name}`);
      const contestant = new Contestant(engine, task);
      contestants.push(contestant);
      Object.assign(versions, await contestant.ready());
    }
    const stretches = new Map<string, Stretch[]>(contestants.map(({ name }) => [name, []]));
    for (let round = 1; round <= rounds; round++) {
      say(`${benchCase.name}: round ${round} of ${rounds}`);
      for (const contestant of contestants) {
        stretches.get(contestant.name)?.push(await contestant.run());
      }
    }
    return { results: resultsOf(benchCase.name, benchCase.batch, OURS, stretches), versions };
  } finally {
    for (const contestant of contestants) contestant.stop();
  }
}

function measureLimit(): Limit {
  const program = fileURLToPath(new URL('./limit.js', import.meta.url));
  const { stdout } = spawnSync(process.execPath, [program, String(THREADS)], { encoding: 'utf8' });
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
if (options.peers) installPeers();
const images = join(FOLDER, 'mnist.u8');
if (!existsSync(images)) writeFileSync(images, (await readMnist('train', 'images')).data);

const cases = CASES.filter(({ name }) => options.case?.includes(name) ?? true);
const results: Result[] = [];
const versions: Record<string, string> = { node: process.version };
if (options.whole) {
  results.push(...(await timeWholeCommands(FOLDER, options.peers, Number(options.rounds), say)));
} else {
  for (const benchCase of cases) {
    const engines = ENGINES.filter(
      ({ name, isPeer, suits }) =>
        (options.peers || !isPeer) &&
        (name === OURS || (options.engine?.includes(name) ?? true)) &&
        (suits?.(benchCase) ?? true),
    );
    const found = await runCase(benchCase, engines, Number(options.rounds), images);
    results.push(...found.results);
    Object.assign(versions, found.versions);
  }
}
const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, threads: THREADS };
const limit = measureLimit();
if (options.json) {
  process.stdout.write(`${JSON.stringify({ machine, versions, limit, results }, null, 2)}\n`);
} else {
  const facts = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  process.stdout.write(
    `${resultTable(results)}\n\n${options.whole ? '' : `${limitTable(cases, limit)}\n\n`}` +
      `${machine.cpu}, ${machine.cores} cores, ${THREADS} threads each; ${facts.join(', ')}\n`,
  );
}
