/** The table of the coursework names stages, and artifacts of theirs, that its pipelines have. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadPipeline } from '../../src/config/load.ts';
import { packageRoot } from '../../src/core/package-root.ts';
import type { ModelSettings } from '../../src/schema/generated/settings.ts';
import { inferAutoencoder, parametersOf, type PlacedLayer } from '../../src/layers/shapes.ts';
import { markersOf } from '../../scripts/numbers/markers.ts';
import { documents, readDocument, readRecord, textOf } from '../../scripts/numbers/record.ts';
import { types } from '../config/rig.ts';

const TEXT = readFileSync(join(packageRoot, 'docs', 'coursework.md'), 'utf8');

/** The files at the top of the outputs. */
const RECORDS = new Set(['metrics.json', 'resolved.yaml']);

/** Title, cells of each row, of the sections about one pipeline each. */
const sections = TEXT.split(/\n#{2,3} /).flatMap((section) => {
  const [, file] = /^.*: `([\w-]+\.yaml)`\n/.exec(section) ?? [];
  if (file === undefined) return [];
  const rows = section.split('\n').filter((line) => /^\| (?!exercise|-)/.test(line));
  return [{ file, rows: rows.map((row) => row.split('|').slice(1, -1)) }];
});

const quoted = (cell = ''): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

test('every exercise has a row, in one of three pipelines', () => {
  assert.equal(sections.length, 3);
  const numbers = sections.flatMap(({ rows }) =>
    rows.flatMap(([name = '']) => /^ (\d+)\./.exec(name)?.[1] ?? []),
  );
  assert.deepEqual(
    numbers.map(Number),
    Array.from({ length: 18 }, (_, index) => index + 1),
  );
});

for (const { file, rows } of sections) {
  test(`${file} has the stages that the table names, and all are in order`, async () => {
    const path = join(packageRoot, 'pipelines', 'coursework', file);
    const { located, diagnostics } = await loadPipeline(path, { stageTypes: () => Promise.resolve(types()) });
    assert.deepEqual(diagnostics, []);
    const stages = located?.pipeline.stages ?? new Map();
    for (const [exercise = '', named, artifacts, result = ''] of rows) {
      assert.ok(quoted(named).length > 0 && quoted(artifacts).length > 0, exercise);
      for (const stage of quoted(named)) assert.ok(stages.has(stage), `${exercise}: ${stage}`);
      const [model = ''] = quoted(named);
      const claimed = [...result.matchAll(/([\d,]+)(?=(?:, [\d,]+)*(?: and [\d,]+)? parameters)/g)].map(
        ([text]) => Number(text.replaceAll(',', '')),
      );
      const counts = parameterCounts(stages.get(model));
      for (const count of claimed) assert.ok(counts.includes(count), `${exercise}: ${count} parameters`);
      for (const artifact of quoted(artifacts)) {
        const [owner = ''] = artifact.split('/');
        assert.ok(stages.has(owner) || RECORDS.has(artifact), `${exercise}: ${artifact}`);
      }
    }
  });
}

/** Parameters of a model's encoder, decoder and autoencoder. */
function parameterCounts(settings: unknown): readonly number[] {
  const { type, ...model } = settings as ModelSettings;
  if (type !== 'model') return [];
  const shapes = inferAutoencoder(model, ({ message }) => assert.fail(message));
  if (shapes === undefined) return [];
  const count = (layers: readonly PlacedLayer[]): number =>
    layers.reduce((sum, { weights }) => sum + parametersOf(weights), 0);
  return [count(shapes.encoder), count(shapes.decoder), shapes.parameters];
}

test('the documents quote numbers as they were measured', () => {
  const record = readRecord();
  const quotes = documents().flatMap((path) =>
    markersOf(readDocument(path)).map((marker) => ({ path, ...marker })),
  );
  assert.ok(quotes.length > 0);
  for (const quote of quotes) {
    const { path, line, pipeline, source, text } = quote;
    assert.equal(text, textOf(quote, record[pipeline]), `${path}:${line}: ${source} of ${pipeline}`);
  }
});
