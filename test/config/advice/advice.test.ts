/** Mistakes get the full replacement, and the advice is valid. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPipeline } from '../../../src/config/load.ts';
import type { LoadResult } from '../../../src/config/pipeline.ts';
import { lineStarts } from '../../../src/config/source.ts';
import type { Diagnostic, Position, TextEdit } from '../../../src/core/diagnostic.ts';
import { builtinNodes } from '../../../src/nodes/registry.ts';
import { checkPipeline } from '../../../src/plan/check.ts';
import { found } from '../rig.ts';
import { HABITS } from './habits.ts';
import { MISTAKES } from './mistakes.ts';
import { MODEL_MISTAKES } from './model-mistakes.ts';
import { RIGHT } from './right.ts';
import { SLIPS } from './slips.ts';
import { TOLD } from './told.ts';

function offsetOf(text: string, { line, column }: Position): number {
  return (lineStarts(text)[line - 1] ?? 0) + column - 1;
}

/** The text with the edits of all diagnostics. */
function repair(text: string, diagnostics: readonly Diagnostic[]): string {
  const edits = diagnostics.flatMap((diagnostic): readonly TextEdit[] => diagnostic.edits ?? []);
  return edits
    .map(({ range, text: instead }) => ({ range, instead }))
    .toSorted((a, b) => offsetOf(text, b.range.start) - offsetOf(text, a.range.start))
    .reduce(
      (all, { range, instead }) =>
        all.slice(0, offsetOf(text, range.start)) + instead + all.slice(offsetOf(text, range.end)),
      text,
    );
}

/** No advice suggests the text that was written. */
function assertNew(text: string, { hint = '', edits, range, message }: Diagnostic): void {
  const slice = (of: NonNullable<Diagnostic['range']>): string =>
    text.slice(offsetOf(text, of.start), offsetOf(text, of.end)).trim();
  for (const edit of edits ?? []) assert.notEqual(edit.text, slice(edit.range), message);
  const meant = /did you mean `([^`]+)`/.exec(hint)?.[1];
  if (meant !== undefined && range !== undefined) assert.notEqual(meant, slice(range), message);
}

const ALL = [...MODEL_MISTAKES, ...MISTAKES, ...HABITS, ...SLIPS];

/** Results by text, so that valid texts are loaded once. */
const known = new Map<string, LoadResult>();

async function load(text: string): Promise<LoadResult> {
  const result =
    known.get(text) ??
    (await loadPipeline('pipeline.yaml', {
      stageTypes: () => Promise.resolve({ types: builtinNodes, problems: [] }),
      texts: [{ name: 'pipeline.yaml', text }],
    }));
  known.set(text, result);
  if (result.located === undefined || result.diagnostics.length > 0) return result;
  return { ...result, diagnostics: checkPipeline(result.located).diagnostics };
}

test(`${ALL.length} mistakes are found at their place, and the advice repairs them`, async () => {
  assert.deepEqual((await load(RIGHT)).diagnostics, []);
  for (const [before, wrong, place, repaired = before] of ALL) {
    assert.ok(RIGHT.includes(before), before);
    const mistaken = RIGHT.replace(before, () => wrong);
    const first = await load(mistaken);
    assert.equal(found(first)[0], place, wrong);
    first.diagnostics.forEach((diagnostic) => assertNew(mistaken, diagnostic));
    let text = repair(mistaken, first.diagnostics);
    // Behind a mistake of the grammar there may be another one.
    let result = await load(text);
    if (result.diagnostics.length > 0) {
      text = repair(text, result.diagnostics);
      result = await load(text);
    }
    assert.deepEqual(found(result), [], wrong);
    assert.equal(
      text,
      RIGHT.replace(before, () => repaired),
      wrong,
    );
  }
});

test('advice says if something has no equivalent, and suggests no change that would fail', async () => {
  for (const [before, wrong, place] of TOLD) {
    const result = await load(RIGHT.replace(before, () => wrong));
    assert.deepEqual(found(result), [place], wrong);
    assert.deepEqual(
      result.diagnostics.map(({ hint, edits }) => [hint === undefined, edits]),
      [[false, undefined]],
      wrong,
    );
  }
});

test('what other tools call the start of a training and its frozen layers is renamed', async () => {
  const cases = [
    ['load_weights: earlier', 'start_from: earlier'],
    ['pretrained: earlier', 'start_from: earlier'],
    ['freeze_layers: encoder', 'freeze: encoder'],
    ['freeze: 2', 'freeze: [2]'],
    ['freeze: 1-3', 'freeze: [1, 2, 3]'],
  ] as const;
  for (const [wrong, right] of cases) {
    const mistaken = RIGHT.replace('shuffle: true', wrong);
    const { diagnostics } = await load(mistaken);
    assert.equal(repair(mistaken, diagnostics), RIGHT.replace('shuffle: true', right));
  }
});
