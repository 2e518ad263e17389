import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure, failure } from '../../src/core/diagnostic.ts';
import { systemFailure } from '../../src/files/atomic.ts';

test("errors of the system are told from bugs, and the temporary folder's from others", () => {
  const code = (name: string, path?: string): string | undefined => {
    const error = Object.assign(new Error(name), { code: name, syscall: 'open', errno: -1 });
    const found = systemFailure(path === undefined ? error : Object.assign(error, { path }));
    return found instanceof Failure ? found.diagnostics[0]?.code : undefined;
  };
  const temporary = join(tmpdir(), 'x');
  assert.equal(code('EMFILE'), 'system-limit');
  assert.equal(code('ENFILE', '/a'), 'system-limit');
  assert.equal(code('ENOSPC'), 'disk-full');
  assert.equal(code('EDQUOT', temporary), 'disk-full');
  assert.equal(code('ENOSPC', '/a'), 'disk-full');
  assert.equal(code('EROFS', temporary), 'output-not-writable');
  assert.equal(code('EACCES', '/a'), 'file-unreadable');
  assert.equal(code('EIO'), 'file-unreadable');
  const known = failure('usage', 'x');
  const bug = new Error('x');
  assert.equal(systemFailure(known), known);
  assert.equal(systemFailure(bug), bug);
  assert.equal(systemFailure('x'), 'x');
});
