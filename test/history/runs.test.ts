/** Earlier runs as a user meets them: listed, compared, brought back. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { canonicalJson, sha256, type JsonObject } from '../../src/core/json.ts';
import { readReport } from '../../src/report/read.ts';
import { rig } from '../rig.ts';
import { idxImages } from '../submission/pipelines.ts';

const PIPELINE = `name: small
seed: 5
params: { units: 3 }
stages:
  own: { type: dataset, source: idx, train_images: data/own.idx, normalize: minmax }
  parts: { type: split, data: own, test: 0.25 }
  model:
    type: model
    input_shape: [4, 4, 1]
    encoder: [Flatten, { Dense: { units: "\${params.units}" } }]
    decoder: [{ Dense: { units: 16, activation: sigmoid } }, { Reshape: { target_shape: [4, 4, 1] } }]
  trained: { type: train, model: model, data: parts, loss: mse, epochs: 2 }
  quality: { type: evaluate, model: trained, data: parts, metrics: [mse] }
  grid: { type: figure, kind: comparison, model: trained, data: parts, samples: 2 }
`;

interface RunsOutput {
  readonly runs: readonly {
    readonly number: number;
    readonly started: string;
    readonly seconds: number;
    readonly state: string;
    readonly overrides: readonly string[];
    readonly changes: readonly { readonly name: string; readonly before: unknown; readonly after: unknown }[];
    readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
    readonly results: { readonly total: number; readonly inCache: number };
    readonly shown: boolean;
  }[];
  readonly unreadable: readonly number[];
}

const rigged = rig({ after });

async function listed(): Promise<RunsOutput> {
  const { json } = await rigged.runJson(['runs', 'small']);
  return json as unknown as RunsOutput;
}

/** All files of the outputs but those that tell times. */
function outputs(): Readonly<Record<string, string>> {
  const folder = rigged.path('outputs/small');
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    paths
      .filter((path) => statSync(join(folder, path)).isFile())
      .filter((path) => !/log\.jsonl$|report\.html$|\.artifacts/.test(path))
      .map((path) => {
        const data = readFileSync(join(folder, path));
        // The order of its keys does not matter.
        if (path !== 'run.json') return [path, sha256(data)];
        const { started: _started, seconds: _seconds, ...record } = JSON.parse(data.toString()) as JsonObject;
        return [path, canonicalJson(record)];
      }),
  );
}

async function run(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await rigged.run(['run', 'small.yaml', '--engine', 'portable', ...args]);
  assert.equal(code, 0, stderr);
}

/** A file of the history, changed by hand. */
function alter(number: number, change: (text: string) => string): void {
  const path = `.hourglass/runs/small/${number}.json`;
  const before = rigged.read(path);
  const after = change(before);
  assert.notEqual(after, before);
  rigged.write(path, after);
}

test('each run that does something is remembered, with what changed and what it measured', async () => {
  rigged.write('data/own.idx', idxImages(8));
  rigged.write('small.yaml', PIPELINE);
  assert.equal((await rigged.run(['runs', 'small.yaml'])).code, 2);
  await run();
  await run();
  await run('-S', 'params.units=5');
  const { runs } = await listed();
  assert.deepEqual(
    runs.map(({ number, state, overrides, shown }) => [number, state, overrides, shown]),
    [
      [1, 'done', [], false],
      [2, 'done', ['params.units=5'], true],
    ],
  );
  assert.deepEqual(runs[1]?.changes, [{ name: 'params.units', before: 3, after: 5 }]);
  assert.deepEqual(runs[1]?.metrics, JSON.parse(rigged.read('outputs/small/metrics.json')));
  assert.deepEqual(runs[0]?.results, { total: 6, inCache: 6 });
});

test('a run is compared with a run, in the terminal and on a page that needs no other file', async () => {
  const { json } = await rigged.runJson(['compare', 'small@1', 'small.yaml', '--page', 'page.html']);
  const { settings, metrics } = json as unknown as Record<string, { name: string; values: unknown[] }[]>;
  assert.deepEqual(settings?.[0], { name: 'params.units', values: [3, 5] });
  const mse = metrics?.find(({ name }) => name === 'quality.mse')?.values ?? [];
  assert.ok(mse.length === 2 && mse.every((value) => typeof value === 'number') && mse[0] !== mse[1]);
  const page = rigged.read('page.html');
  // Curves of both runs, and the figure of each.
  assert.equal(page.match(/<img/g)?.length, 3);
  assert.doesNotMatch(page, /(?:src|href)="(?!data:|#)/);
  assert.equal((await rigged.run(['compare', 'small@1', 'small@1'])).code, 2);
  assert.equal((await rigged.run(['compare', 'small@1'])).code, 2);
  assert.match((await rigged.run(['compare', 'small@1', 'small@7'])).stderr, /1, 2/);
  assert.match((await rigged.run(['compare', 'small#2', 'small@1'])).stderr, /sweep/);
});

test('compare of a pipeline without a sweep names runs that it can compare', async () => {
  for (const named of ['small', 'small.yaml']) {
    const { code, stderr } = await rigged.run(['compare', named]);
    assert.equal(code, 2);
    const [, ...pair] = /compare (\S+) (\S+)`/.exec(stderr) ?? [];
    assert.equal((await rigged.run(['compare', ...pair])).code, 0, stderr);
  }
});

test('restore brings back the files of a run, byte for byte, and leaves those of the user', async () => {
  const second = outputs();
  rigged.write('outputs/small/notes.txt', 'mine');
  rigged.write('outputs/small/trained/mine.txt', 'mine');
  assert.equal((await rigged.run(['restore', 'small@1'])).code, 0);
  assert.equal(JSON.parse(rigged.read('outputs/small/resolved.yaml').split('units: ')[1]?.[0] ?? ''), 3);
  assert.deepEqual(
    (await listed()).runs.map(({ shown }) => shown),
    [true, false],
  );
  const [first] = (await listed()).runs;
  const report = await readReport(rigged.path('outputs/small'));
  assert.deepEqual([report.started, report.seconds], [Date.parse(first?.started ?? ''), first?.seconds]);
  const { json } = await rigged.runJson(['plan', 'small.yaml', '--engine', 'portable']);
  assert.ok(json.stages.every(({ action }) => action === 'cached'));
  assert.equal((await rigged.run(['restore', 'small@2'])).code, 0);
  for (const file of ['notes.txt', 'trained/mine.txt']) {
    assert.equal(rigged.read(`outputs/small/${file}`), 'mine');
    rmSync(rigged.path('outputs/small', file));
  }
  assert.deepEqual(outputs(), second);
});

test('a run whose results are gone is not restored, and nothing changes; gc keeps them on request', async () => {
  const before = outputs();
  const kept = await rigged.run(['cache', 'gc', '--max-size', '1', '--keep-runs']);
  assert.equal(kept.code, 0, kept.stderr);
  assert.ok((await listed()).runs.every(({ results }) => results.inCache === results.total));
  assert.equal((await rigged.run(['cache', 'gc', '--max-size', '1'])).code, 0);
  assert.deepEqual((await listed()).runs[0]?.results, { total: 6, inCache: 2 });
  const { code, stderr } = await rigged.run(['restore', 'small@1']);
  assert.equal(code, 2);
  assert.match(stderr, /model, trained, quality, grid[^]*run small\.yaml/);
  assert.deepEqual(outputs(), before);
});

test('a killed run, and a file that is damaged, are told', async () => {
  alter(2, (text) => text.replace('"status": "done"', '"status": "running"'));
  alter(1, (text) => text.replace('"own"', '"../../own"'));
  const { runs, unreadable } = await listed();
  assert.deepEqual(
    runs.map(({ number, state }) => [number, state]),
    [[2, 'killed']],
  );
  assert.deepEqual(unreadable, [1]);
  assert.match((await rigged.run(['restore', 'small@1'])).stderr, /cannot be read/);
});
