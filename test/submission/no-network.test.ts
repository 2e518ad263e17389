import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const MODULE = new URL('../../src/submission/no-network.js', import.meta.url).href;

const PROGRAM = `
import { connect, createServer } from 'node:net';
import { createSocket } from 'node:dgram';
const code = (act) => {
  try {
    act();
    return 'allowed';
  } catch (error) {
    return error.code;
  }
};
const socket = createSocket('udp4');
const codes = [
  code(() => connect(9, '127.0.0.1')),
  code(() => createServer().listen(0)),
  code(() => socket.bind(0)),
  code(() => socket.send('x', 9, '127.0.0.1')),
  code(() => socket.connect(9, '127.0.0.1')),
  await fetch('http://127.0.0.1:8080/').then(() => 'allowed', (error) => error.cause.code),
];
socket.close();
process.stdout.write(codes.join());
`;

test('a process that checks archives cannot open connections', () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [`--import=${MODULE}`, '--input-type=module', '-e', PROGRAM],
    { encoding: 'utf8' },
  );
  assert.equal(stdout, Array.from({ length: 6 }, () => 'ENETUNREACH').join(), stderr);
});
