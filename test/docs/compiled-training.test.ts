/** The guided tour shows programs as they are, and leads to files that exist. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fillTour, readTour, TOUR } from '../../scripts/tour.ts';

test('its programs are what `hourglass explain` prints: `npm run docs:programs` writes them again', async () => {
  const text = readTour();
  assert.equal(text, await fillTour(text));
});

test('its links lead to files', () => {
  const links = [...readTour().matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, path = '']) => path);
  assert.ok(links.length > 10);
  for (const path of links) assert.ok(existsSync(join(dirname(TOUR), path)), path);
});
