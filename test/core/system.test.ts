import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permissionHint, temporaryVariable, waysOut } from '../../src/core/system.ts';

test('on Windows, no hint names what only other systems have', () => {
  const ways = ['close other programs', 'raise the limit with `ulimit -n`', 'do less'];
  assert.equal(waysOut(ways, 'linux'), 'close other programs, raise the limit with `ulimit -n`, or do less');
  assert.equal(waysOut(ways, 'win32'), 'close other programs, or do less');
  assert.equal(waysOut(ways.slice(1), 'win32'), 'do less');
  assert.deepEqual([temporaryVariable('darwin'), temporaryVariable('win32')], ['TMPDIR', 'TEMP']);
  assert.match(permissionHint('a.npy', 'file', 'linux'), /chmod u\+r a\.npy/);
  assert.doesNotMatch(permissionHint('a.npy', 'file', 'win32'), /chmod/);
});
