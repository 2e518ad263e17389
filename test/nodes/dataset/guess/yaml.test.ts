import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { isJsonObject } from '../../../../src/core/json.ts';
import { pipelineText } from '../../../../src/nodes/dataset/guess/yaml.ts';

const name = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 12 })
  .filter((text) => !/[/\\\0]/.test(text) && !/^\.{1,2}$/.test(text));

test('any file name leads to one stage with a valid name and that path', () => {
  fc.assert(
    fc.property(name, (file) => {
      const settings = { source: 'npz', path: join('/data', file), train_labels: null, shape: [2, 3] };
      const { stage, text } = pipelineText({ what: 'arrays', settings }, file, '/data');
      assert.match(stage, /^[A-Za-z][A-Za-z0-9_-]{0,63}$/);
      const written: unknown = parse(text);
      assert.ok(isJsonObject(written));
      assert.deepEqual(written, {
        name: stage,
        stages: { [stage]: { type: 'dataset', ...settings, path: file } },
      });
    }),
  );
});
