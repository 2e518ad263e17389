import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { runCommand, type CommandResult } from '../../../../src/engine/tensorflow/install/command.ts';

/** Runs JavaScript in a process of its own. */
const script = (text: string, timeoutSeconds = 60): Promise<CommandResult> =>
  runCommand(process.execPath, ['-e', text], { timeoutSeconds });

const CHATTER = 'I0000 00:00:1.5   7 port.cc:153] oneDNN custom operations are on.';

test('a program that ends well gives its output', async () => {
  const { code, output } = await script("process.stdout.write('one'); process.stderr.write('two')");
  assert.equal(code, 0);
  assert.ok(output.includes('one') && output.includes('two'));
});

test('the reason of a failure is the last line, or the error that ended a Node.js program', async () => {
  const said = await script("console.error('first'); console.error('second'); process.exitCode = 3");
  assert.deepEqual([said.code, said.reason], [3, 'second']);
  assert.equal((await script("throw new RangeError('too far')")).reason, 'RangeError: too far');
  assert.match((await script('process.exitCode = 3')).reason, /3/);
});

test("a program that a signal ends is reported with the signal, not with TensorFlow's earlier notes", async () => {
  const killed = await script(
    `require('node:fs').writeSync(2, ${JSON.stringify(`${CHATTER}\n`)}); process.kill(process.pid, 'SIGABRT')`,
  );
  assert.equal(killed.code, -1);
  assert.match(killed.reason, /SIGABRT/);
  assert.doesNotMatch(killed.reason, /oneDNN/);
});

test('a program that cannot be started, or does not end, is reported as such', async () => {
  const missing = await runCommand('no-such-program', [], { timeoutSeconds: 60 });
  assert.equal(missing.code, -1);
  assert.match(missing.reason, /no-such-program/);
  const endless = await script('setInterval(() => undefined, 1000)', 0.2);
  assert.equal(endless.code, -1);
  assert.match(endless.reason, /0\.2 seconds/);
});

test('a program that is stopped by the user is an interruption', async () => {
  const running = runCommand(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], {
    signal: AbortSignal.timeout(50),
    timeoutSeconds: 60,
  });
  await assert.rejects(running, (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.diagnostics[0]?.code, 'interrupted');
    return true;
  });
});
