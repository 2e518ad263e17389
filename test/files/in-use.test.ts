import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayBeInUse, patiently } from '../../src/files/in-use.ts';

const refused = (code: string): Error => Object.assign(new Error(code), { code, syscall: 'rename' });

/** Fails so many times, then gives the number of its calls. */
function opening(failures: number, code = 'EBUSY'): () => Promise<number> {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls <= failures) throw refused(code);
    return calls;
  };
}

test('on Windows, files that another program has open are tried again', async () => {
  const windows = { platform: 'win32', pauses: [1, 1, 1] } as const;
  for (const code of ['EBUSY', 'EPERM', 'EACCES'])
    assert.equal(await patiently(opening(3, code), windows), 4);
  await assert.rejects(patiently(opening(4), windows), { code: 'EBUSY' });
  await assert.rejects(patiently(opening(1, 'ENOSPC'), windows), { code: 'ENOSPC' });
});

test('elsewhere a refusal is final: no program that has a file open causes it', async () => {
  await assert.rejects(patiently(opening(1, 'EPERM'), { platform: 'linux', pauses: [1] }), { code: 'EPERM' });
  assert.ok(!mayBeInUse(refused('EACCES'), 'linux') && !mayBeInUse(new Error('x'), 'win32'));
});
