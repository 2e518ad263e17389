/** Limits of the process that checks an archive. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../src/core/diagnostic.ts';
import type { CheckOptions, Findings } from '../../src/submission/check.ts';
import { checkLimited, DEFAULT_LIMITS, type ProcessLimits } from '../../src/submission/limited.ts';
import { listed } from './archives.ts';
import { writeZip } from '../../src/submission/zip-write.ts';

const root = mkdtempSync(join(tmpdir(), 'hourglass-limited-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** A plugin that runs given code when loaded, to simulate problems. */
async function checkWith(
  code: string,
  limits: Partial<ProcessLimits>,
  signal = new AbortController().signal,
): Promise<Findings | string> {
  const work = mkdtempSync(join(root, 'work-'));
  const archive = join(work, 'x.zip');
  const plugin = `const WORK = ${JSON.stringify(work)};\n${code}\nexport default {};\n`;
  const files = listed(
    { 'pipeline/plugin.mjs': plugin },
    'name: p\nplugins: [./plugin.mjs]\nstages: { mnist: { type: dataset, source: mnist } }\n',
  );
  writeFileSync(archive, await writeZip([...files].map(([path, data]) => ({ path, data }))));
  const options: CheckOptions = { archive, level: 'hashes', allowPlugins: true, work };
  try {
    return await checkLimited(options, { seconds: 60, ...DEFAULT_LIMITS, ...limits }, signal);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.diagnostics[0]?.code ?? '';
  }
}

const SLEEPER = "'setInterval(() => {}, 1000)', '--marker-of-the-test'";

/** Processes started by the test's plugins that are still running. */
function left(): number {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const isEnded = /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      return (
        !isEnded &&
        readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`--marker-of-the-test-${process.pid}`)
      );
    } catch {
      return false;
    }
  }).length;
}

test('a process that runs too long is killed with its children', async () => {
  const code = `import { spawn } from 'node:child_process';
spawn(process.execPath, ['-e', ${SLEEPER.replace("test'", `test-${process.pid}'`)}], { stdio: 'ignore' });
for (;;);`;
  assert.equal(await checkWith(code, { seconds: 3 }), 'verification-stopped');
  for (let tries = 0; tries < 100 && left() > 0; tries += 1) await sleep(50);
  assert.equal(left(), 0);
});

test('a process cannot exceed its memory limit', async () => {
  const code = `const all = [];
try { for (;;) all.push(Buffer.alloc(16 * 2 ** 20, 1)); } catch { throw new Error('got ' + all.length); }`;
  const found = await checkWith(code, { memory: 2 ** 30 });
  // Some systems kill it at once.
  if (typeof found === 'string') return assert.equal(found, 'verification-stopped');
  const got = /got (\d+)/.exec(found.diagnostics[0]?.message ?? '')?.[1];
  assert.ok(Number(got) > 0 && Number(got) <= 64, got);
});

test('a process that fills the disk is killed', async () => {
  const code = `import { writeFileSync } from 'node:fs';
for (let n = 0; ; n += 1) { writeFileSync(WORK + '/' + n, Buffer.alloc(2 ** 20)); await new Promise((next) => setTimeout(next, 50)); }`;
  assert.equal(await checkWith(code, { disk: 2 ** 22 }), 'verification-stopped');
});

test('a single file cannot exceed the disk limit', async () => {
  const code = `import { writeFileSync, statSync } from 'node:fs';
process.on('SIGXFSZ', () => {});
let error = 'none';
try { writeFileSync(WORK + '/big', Buffer.alloc(2 ** 23)); } catch (caught) { error = caught.code; }
throw new Error('size ' + statSync(WORK + '/big').size + ' ' + error);`;
  const found = await checkWith(code, { disk: 2 ** 22 });
  if (typeof found === 'string') assert.equal(found, 'verification-stopped');
  else assert.match(found.diagnostics[0]?.message ?? '', /size 4194304 EFBIG/);
});

test('a process that exits by itself is distinguished from one that is stopped', async () => {
  assert.equal(await checkWith('process.exit(0);', {}), 'verification-stopped');
  const controller = new AbortController();
  const stopped = checkWith('for (;;);', {}, controller.signal);
  setTimeout(() => controller.abort(), 500);
  assert.equal(await stopped, 'interrupted');
  assert.equal(await checkWith('', {}, controller.signal), 'interrupted');
});

test('an internal error is not blamed on the archive', async () => {
  await assert.rejects(
    checkLimited(
      { archive: join(root, 'none.zip'), level: 'hashes', allowPlugins: false, work: '\0' },
      { seconds: 60, ...DEFAULT_LIMITS },
      new AbortController().signal,
    ),
    (error) => error instanceof Error && !(error instanceof Failure),
  );
});
