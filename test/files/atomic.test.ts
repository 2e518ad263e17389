import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure, failure } from '../../src/core/diagnostic.ts';
import { fileFailure, systemFailure } from '../../src/files/atomic.ts';

test('errors of the system are distinguished from bugs, and those of the temporary folder from others', () => {
  const code = (name: string, path?: string): string | undefined => {
    const error = Object.assign(new Error(name), { code: name, syscall: 'open', errno: -1 });
    const found = systemFailure(path === undefined ? error : Object.assign(error, { path }));
    return found instanceof Failure ? found.diagnostics[0]?.code : undefined;
  };
  const temporary = join(tmpdir(), 'hourglass-x');
  assert.equal(code('EMFILE'), 'system-limit');
  assert.equal(code('ENFILE', '/a'), 'system-limit');
  assert.equal(code('ENOSPC'), 'disk-full');
  assert.equal(code('EDQUOT', temporary), 'disk-full');
  assert.equal(code('ENOSPC', '/a'), 'disk-full');
  assert.equal(code('EROFS', temporary), 'output-not-writable');
  // A user's project may be there, too.
  assert.equal(code('EROFS', join(tmpdir(), 'x')), 'io-failed');
  assert.equal(code('EACCES', '/a'), 'io-failed');
  assert.equal(code('EIO'), 'io-failed');
  const known = failure('usage', 'x');
  const bug = new Error('x');
  assert.equal(systemFailure(known), known);
  assert.equal(systemFailure(bug), bug);
  assert.equal(systemFailure('x'), 'x');
});

test('errors from limits and memory are named for every file', () => {
  const coded = (code: string, message = code): Error =>
    Object.assign(new Error(message), { code, syscall: 'open', errno: -1 });
  const codeOf = (found: unknown): string | undefined =>
    found instanceof Failure ? found.diagnostics[0]?.code : undefined;
  for (const code of ['EMFILE', 'ENFILE', 'EFBIG', 'EAGAIN', 'ENOMEM']) {
    assert.equal(codeOf(systemFailure(coded(code))), 'system-limit', code);
    assert.equal(codeOf(fileFailure(coded(code), '/a')), 'system-limit', code);
  }
  assert.equal(codeOf(systemFailure(Object.assign(coded('EFBIG'), { path: '/a' }))), 'system-limit');
  assert.equal(codeOf(systemFailure(new Error('WebAssembly.Memory(): out of memory'))), 'system-limit');
  assert.equal(codeOf(systemFailure(coded('ENOENT', 'ENOENT: no such file, uv_cwd'))), 'file-not-found');
});

test('errors of writing a file name it; bugs pass through', () => {
  const coded = (code: string): Error => Object.assign(new Error(code), { code, syscall: 'write' });
  const codeOf = (found: unknown): string | undefined =>
    found instanceof Failure ? found.diagnostics[0]?.code : undefined;
  for (const code of ['ENOSPC', 'EDQUOT']) assert.equal(codeOf(fileFailure(coded(code), '/a')), 'disk-full');
  for (const code of ['EACCES', 'EROFS', 'EISDIR'])
    assert.equal(codeOf(fileFailure(coded(code), '/a')), 'output-not-writable');
  const bug = new TypeError('x is not a function');
  assert.equal(fileFailure(bug, '/a'), bug);
  const known = failure('usage', 'x');
  assert.equal(fileFailure(known, '/a'), known);
});
