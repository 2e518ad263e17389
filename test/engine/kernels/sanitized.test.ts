/**
 * The C++ kernels against plain loops, in programs of their own, with AddressSanitizer and UndefinedBehaviorSanitizer. By hand,
 * with another seed and many more cases: compile one as below, and run `PROGRAM SEED CASES`.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { packageRoot } from '../../../src/core/package-root.ts';
import { KERNEL_SOURCES } from '../../../src/engine/tensorflow/native-kernels.ts';

const run = promisify(execFile);
const sources = join(packageRoot, 'test', 'engine', 'kernels');
const folder = mkdtempSync(join(tmpdir(), 'hourglass-kernels-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const FLAGS = [
  ...['-std=c++17', '-Og', '-w', '-Wno-psabi', '-pthread', '-fno-math-errno', '-ffp-contract=fast'],
  ...['-fsanitize=address,undefined', '-fno-sanitize-recover=all', `-I${KERNEL_SOURCES}`],
];

suite('kernels do what plain loops do, and nothing beyond their arrays', { concurrency: 2 }, () => {
  for (const name of readdirSync(sources).filter((file) => file.endsWith('.cc'))) {
    test(name, async () => {
      const program = join(folder, name.replace('.cc', ''));
      await run(process.env['CXX'] ?? 'c++', [...FLAGS, join(sources, name), '-o', program]);
      assert.equal((await run(program)).stderr, '');
    });
  }
});
