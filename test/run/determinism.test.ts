/** What a run gives does not depend on who runs it, where, and in which language. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheFolder } from '../../src/engine/location.ts';
import { rig, TINY, type Rig } from '../rig.ts';

/** SHA-256 of every artifact and of the metrics; not of records of the run itself, which hold times. */
function fingerprint(rigged: Rig): Readonly<Record<string, string>> {
  const root = rigged.path('outputs', 'tiny');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => statSync(join(root, path)).isFile() && !['run.json', 'log.jsonl', 'report.html'].includes(path),
  );
  return Object.fromEntries(
    files.sort().map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex'),
    ]),
  );
}

test('another folder, user, time zone, language and number of jobs: the same bits', async (t) => {
  const one = rig(t);
  one.write('tiny.yaml', TINY);
  assert.equal((await one.run(['run', 'tiny.yaml', '-j', '1'])).code, 0);

  const other = rig(t);
  other.write('deep/er/tiny.yaml', TINY);
  mkdirSync(other.path('home'));
  const env = {
    HOME: other.path('home'),
    USER: 'ışık',
    LOGNAME: 'ışık',
    TZ: 'Pacific/Kiritimati',
    LANG: 'tr_TR.UTF-8',
    LC_ALL: 'tr_TR.UTF-8',
    // Else TensorFlow would be installed again, for another user.
    HOURGLASS_CACHE: cacheFolder(),
  };
  const { code, stderr } = await other.run(['run', 'deep/er/tiny.yaml', '-j', '4'], { env });
  assert.equal(code, 0, stderr);
  assert.deepEqual(fingerprint(other), fingerprint(one));
});
