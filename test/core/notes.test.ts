import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../src/core/json.ts';
import { notesOf, withoutNotes } from '../../src/core/notes.ts';

const PLAIN = { noNullPrototype: true };
const STAGES = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.record(
    { type: fc.string(), epochs: fc.nat(), options: fc.record({ notes: fc.string() }, PLAIN) },
    PLAIN,
  ),
  PLAIN,
);

test('property: notes are found and removed, and nothing else', () => {
  fc.assert(
    fc.property(STAGES, fc.string(), fc.nat(), (stages, notes, seed) => {
      const plain: JsonObject = { seed, stages };
      const noted: JsonObject = {
        ...plain,
        notes,
        stages: Object.fromEntries(
          Object.entries(stages).map(([name, stage]) => [name, { ...stage, notes: name }]),
        ),
      };
      assert.deepEqual(withoutNotes(noted), plain);
      assert.deepEqual(withoutNotes(plain), plain);
      const found = notesOf(noted);
      assert.equal(found.pipeline, notes);
      assert.deepEqual(
        [...found.stages],
        Object.keys(stages).map((name) => [name, name]),
      );
    }),
  );
});

test('damaged pipelines have no notes', () => {
  const damaged: readonly JsonObject[] = [
    {},
    { notes: 1, stages: [] },
    { stages: { a: null, b: { notes: {} } } },
  ];
  for (const document of damaged) assert.deepEqual(notesOf(document), { stages: new Map() });
});
