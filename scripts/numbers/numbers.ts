/**
 * Numbers in the documents, from runs:
 *
 *     npm run docs:numbers              # runs all pipelines that the documents quote, and updates the numbers
 *     npm run docs:numbers -- NAME…     # only these pipelines
 *     npm run docs:numbers -- --check   # runs nothing: lists numbers from earlier code or settings, or another engine
 *
 * `docs/numbers.json` keeps the measured values with their cache keys. Results in the cache are reused.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, parseDocument } from 'yaml';
import { packageRoot } from '../../src/core/package-root.ts';
import { OUTPUTS, presentKeys } from './keys.ts';
import { markersOf, withTexts, type Marker } from './markers.ts';
import { documents, RECORD, readDocument, readRecord, textOf, type Measured } from './record.ts';
import { readValue } from './values.ts';

interface Quoted extends Marker {
  readonly document: string;
}

function quotedNumbers(): readonly Quoted[] {
  return documents().flatMap((document) =>
    markersOf(readDocument(document)).map((marker) => ({ ...marker, document })),
  );
}

/** Files of the pipelines that come with Hourglass, relative to the package root, by pipeline name. */
function pipelineFiles(): ReadonlyMap<string, { readonly path: string; readonly isSweep: boolean }> {
  const paths = readdirSync(join(packageRoot, 'pipelines'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml'))
    .map((path) => `pipelines/${path}`);
  return new Map(
    paths.map((path) => {
      const { contents } = parseDocument(readDocument(path));
      if (!isMap(contents)) throw new Error(`${path} is not a pipeline`);
      return [String(contents.get('name')), { path, isSweep: contents.has('sweep') }];
    }),
  );
}

async function measure(name: string, sources: readonly string[]): Promise<Measured> {
  const found = pipelineFiles().get(name);
  if (found === undefined) throw new Error(`no pipeline is called ${name}`);
  const { path, isSweep } = found;
  const args = [isSweep ? 'sweep' : 'run', path];
  const { status } = spawnSync(process.execPath, [join(packageRoot, 'bin', 'hourglass.js'), ...args], {
    cwd: packageRoot,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`hourglass ${args.join(' ')} ended with ${status}`);
  const outputs = join(OUTPUTS, name);
  const values = await Promise.all(
    sources.map(async (source) => [source, await readValue(outputs, source)] as const),
  );
  return {
    command: `hourglass ${args.join(' ')}`,
    date: new Date().toISOString().slice(0, 10),
    keys: await presentKeys(join(packageRoot, path)),
    values: Object.fromEntries(values),
  };
}

async function write(names: readonly string[]): Promise<void> {
  const quoted = quotedNumbers();
  const all = [...new Set(quoted.map(({ pipeline }) => pipeline))];
  for (const name of names.length === 0 ? all : names) {
    const own = quoted.filter(({ pipeline }) => pipeline === name);
    const measured = await measure(name, [...new Set(own.map(({ source }) => source))].sort());
    const record = Object.entries({ ...readRecord(), [name]: measured }).sort(([a], [b]) => (a < b ? -1 : 1));
    writeFileSync(RECORD, `${JSON.stringify(Object.fromEntries(record), null, 2)}\n`);
    for (const path of new Set(own.map(({ document }) => document))) {
      const text = withTexts(readDocument(path), (marker) =>
        marker.pipeline === name ? textOf(marker, measured) : undefined,
      );
      writeFileSync(join(packageRoot, path), text);
    }
  }
  spawnSync('npx', ['prettier', '--log-level', 'warn', '--write', RECORD, ...documents()], {
    cwd: packageRoot,
    stdio: 'inherit',
  });
}

/** Numbers that were measured under other keys than the present ones. A sweep has a single key. */
async function stale(): Promise<readonly string[]> {
  const record = readRecord();
  const files = pipelineFiles();
  const keys = new Map<string, Readonly<Record<string, string>>>();
  const found: string[] = [];
  for (const { document, line, pipeline, source, text } of quotedNumbers()) {
    const measured = record[pipeline];
    const path = files.get(pipeline)?.path;
    if (measured === undefined || path === undefined) {
      found.push(`${document}:${line}: ${text}: ${pipeline} was not measured`);
      continue;
    }
    const present = keys.get(pipeline) ?? (await presentKeys(join(packageRoot, path)));
    keys.set(pipeline, present);
    const [stage = ''] = source.split(/[./]/);
    const key = measured.keys['sweep'] === undefined ? stage : 'sweep';
    if (measured.keys[key] !== present[key]) {
      found.push(
        `${document}:${line}: ${text}: ${source} of ${pipeline} is from ${measured.date} and outdated`,
      );
    }
  }
  return found;
}

async function main(args: readonly string[]): Promise<void> {
  if (!args.includes('--check')) return write(args);
  const found = await stale();
  process.stdout.write(found.length === 0 ? 'all numbers are up to date\n' : `${found.join('\n')}\n`);
  if (found.length > 0) process.exitCode = 1;
}

await main(process.argv.slice(2));
