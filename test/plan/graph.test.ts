import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StageSettings } from '../../src/config/pipeline.ts';
import { checkPipeline } from '../../src/plan/check.ts';
import { buildGraph } from '../../src/plan/graph.ts';
import { located } from './pipelines.ts';

const codes = (stages: Readonly<Record<string, StageSettings>>): readonly string[] =>
  buildGraph(located(stages)).diagnostics.map(({ code, range }) => `${code}@${range?.start.line ?? '?'}`);

test('stages come after their inputs, otherwise in the order of the file', () => {
  const { stages, diagnostics } = buildGraph(
    located({
      t: { type: 'train', model: 'm', data: 'n' },
      n: { type: 'noise', data: 's' },
      m: { type: 'model' },
      s: { type: 'source' },
    }),
  );
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(
    stages.map(({ name }) => name),
    ['m', 's', 'n', 't'],
  );
  assert.deepEqual(stages[3]?.inputs, { model: 'm', data: 'n' });
});

test('unknown and mistyped references are named with a suggestion', () => {
  const stages: Record<string, StageSettings> = {
    mnist: { type: 'source' },
    noisy: { type: 'noise', data: 'mnits' },
    trained: { type: 'train', model: 'mnist', data: 'mnist' },
  };
  assert.deepEqual(codes(stages), ['unknown-stage@2', 'wrong-stage-kind@3']);
  const [unknown, wrong] = buildGraph(located(stages)).diagnostics;
  assert.match(unknown?.hint ?? '', /`mnist`/);
  assert.match(wrong?.message ?? '', /`mnist`.*`source`/);
  assert.equal(wrong?.related?.[0]?.range.start.line, 1);
});

test('a cycle is reported once, and stages that depend on it are left out', () => {
  const stages: Record<string, StageSettings> = {
    a: { type: 'noise', data: 'c' },
    b: { type: 'noise', data: 'a' },
    c: { type: 'noise', data: 'b' },
    d: { type: 'noise', data: 'c' },
    s: { type: 'source' },
  };
  assert.deepEqual(codes(stages), ['stage-cycle@1']);
  assert.deepEqual(
    buildGraph(located(stages)).stages.map(({ name }) => name),
    ['s'],
  );
  assert.deepEqual(codes({ a: { type: 'noise', data: 'a' } }), ['stage-cycle@1']);
});

test('any references lead to an order in which each stage follows its inputs, or to a diagnostic', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...names, 'none'), { minLength: 6, maxLength: 6 }), (inputs) => {
      const stages = Object.fromEntries(
        names.map((name, index): [string, StageSettings] => {
          const data = inputs[index] ?? 'none';
          return [name, data === 'none' ? { type: 'source' } : { type: 'noise', data }];
        }),
      );
      const graph = buildGraph(located(stages));
      const seen = new Set<string>();
      for (const stage of graph.stages) {
        for (const input of Object.values(stage.inputs)) assert.ok(seen.has(input));
        seen.add(stage.name);
      }
      assert.equal(graph.diagnostics.length > 0, seen.size < names.length);
    }),
  );
});

test('findings of stage types become diagnostics at their place, in the order of the file', () => {
  const pipeline = located({
    n: { type: 'noise', data: 's' },
    s: { type: 'source' },
  });
  const noise = pipeline.stageTypes.get('noise');
  const source = pipeline.stageTypes.get('source');
  assert.ok(noise && source);
  const stageTypes = new Map([
    [
      'noise',
      {
        ...noise,
        analyze: ({ report, inputs }: Parameters<typeof noise.analyze>[0]) => {
          assert.equal(inputs['data']?.kind, 'images');
          report({
            code: 'bad-setting',
            message: 'no',
            at: ['data'],
            related: { message: 'it', at: [], stage: 's' },
          });
          return undefined;
        },
      },
    ],
    [
      'source',
      {
        ...source,
        analyze: ({ report }: Parameters<typeof source.analyze>[0]) => {
          report({ code: 'clean-evaluation', severity: 'warning', message: 'hm', at: [] });
          return { kind: 'images' as const, splits: ['train' as const] };
        },
      },
    ],
  ]);
  const { diagnostics } = checkPipeline({ ...pipeline, stageTypes });
  assert.deepEqual(
    diagnostics.map(({ code, severity, range }) => [code, severity, range?.start.line]),
    [
      ['bad-setting', 'error', 1],
      ['clean-evaluation', 'warning', 2],
    ],
  );
  assert.equal(diagnostics[0]?.related?.[0]?.range.start.line, 2);
});
