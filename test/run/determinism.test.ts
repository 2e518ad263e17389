/** The results of a run do not depend on the user, the folder or the language. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { cacheFolder } from '../../src/engine/tensorflow/location.ts';
import { fingerprint, rig, TINY } from '../rig.ts';

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
  const { code, stderr } = await other.run(['run', 'deep/er/tiny.yaml', '-j', '4', '-o', 'other/outputs'], {
    env,
  });
  assert.equal(code, 0, stderr);
  assert.deepEqual(fingerprint(other, 'tiny', 'other/outputs'), fingerprint(one, 'tiny'));
});
