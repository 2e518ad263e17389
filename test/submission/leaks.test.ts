import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutSchemaPath } from '../../src/submission/sources.ts';

test('an editor comment keeps its line but not its path', () => {
  for (const path of [
    '../some/folder/schemas/pipeline.schema.json',
    '/home/jane/x.json',
    'C:\\Users\\jane\\x.json',
    'file:///home/jane/x',
    '../my files/x.json',
  ]) {
    const text = `# yaml-language-server: $schema=${path}\r\nname: p\n`;
    const clean = withoutSchemaPath(text);
    assert.doesNotMatch(clean, /jane|folder|files/, path);
    assert.equal(clean.split('\n').length, text.split('\n').length);
    assert.ok(clean.endsWith('\r\nname: p\n'));
  }
  const remote = '# yaml-language-server: $schema=https://example.org/x.json\n';
  assert.equal(withoutSchemaPath(remote), remote);
});
