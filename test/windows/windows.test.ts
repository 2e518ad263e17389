/**
 * Hourglass with Node for Windows, under Wine: the main commands on a tiny pipeline, what kills and open files do, and that the results
 * are those of this system to the last bit.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  startWindows,
  whyNoWine,
  windowsPath,
  type Ended,
  type Windows,
} from '../../scripts/windows/wine.ts';
import { fingerprint, rig, TINY, type JsonOutput } from '../rig.ts';

const skip = whyNoWine() ?? false;
const PATIENT = { skip, timeout: 600_000 } as const;

const shared = rig({ after });
let windows: Windows | undefined;
after(() => windows?.close());

/** A blank and letters that not every code page has. */
const FOLDER = 'Übung 1';

async function hourglass(...args: readonly string[]): Promise<Ended> {
  windows ??= startWindows();
  return windows.hourglass(shared.path(FOLDER), args).ended;
}

async function hourglassJson(...args: readonly string[]): Promise<Ended & { readonly json: JsonOutput }> {
  const ended = await hourglass(...args, '--json');
  assert.notEqual(ended.stdout, '', ended.stderr);
  return { ...ended, json: JSON.parse(ended.stdout) as JsonOutput };
}

function isDone({ code, stdout, stderr }: Ended): void {
  assert.equal(code, 0, `${stdout}\n${stderr}`);
}

test(
  'a run under Windows produces the bits of this system; the commands it prints work there',
  PATIENT,
  async () => {
    shared.write(`${FOLDER}/data/tiny.yaml`, TINY);
    const here = shared.run(['run', `${FOLDER}/data/tiny.yaml`, '--engine', 'portable', '-o', 'here']);
    // Without a word about engines, Windows has but one.
    const there = await hourglass('run', 'data\\tiny.yaml');
    isDone(there);
    assert.doesNotMatch(there.stdout + there.stderr, /\\\\|TensorFlow/);
    assert.match(there.stdout, /^ {2}outputs\/tiny\/report\.html$/m);
    assert.equal((await here).code, 0);
    assert.deepEqual(fingerprint(shared, 'tiny', `${FOLDER}/outputs`), fingerprint(shared, 'tiny', 'here'));
    const { json } = await hourglassJson('plan', windowsPath(shared.path(FOLDER, 'data', 'tiny.yaml')));
    assert.ok(json.stages.every(({ action }) => action === 'cached'));
  },
);

test('names that Windows has for devices are refused before anything is written', PATIENT, async () => {
  shared.write(`${FOLDER}/nul.yaml`, TINY.replace('name: tiny', 'name: nul').replace('  mnist:', '  CON:'));
  const { code, json } = await hourglassJson('check', 'nul.yaml');
  assert.equal(code, 2);
  const codes = json.files[0]?.diagnostics.map((each) => each.code);
  assert.deepEqual(codes?.slice(0, 2), ['reserved-name', 'reserved-name']);
});

test('an archive is packed, and verified there without TensorFlow, and here', PATIENT, async () => {
  isDone(await hourglass('pack', 'data\\tiny.yaml', '-o', 'tiny.zip'));
  const verified = await hourglass('verify', 'tiny.zip');
  isDone(verified);
  assert.doesNotMatch(verified.stdout + verified.stderr, /TensorFlow/);
  const here = await shared.run(['verify', `${FOLDER}/tiny.zip`]);
  assert.equal(here.code, 0, here.stdout + here.stderr);
});

const LONG = `name: long
seed: 3
threads: 1
params: { epochs: 100000 }
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 64, test: 16 } }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder: [Flatten, Dropout: { rate: 0.1 }, Dense: { units: 4, activation: relu }]
    decoder: [Dense: { units: 784, activation: sigmoid }, Reshape: { target_shape: [28, 28, 1] }]
  trained: { type: train, model: model, data: mnist, loss: mse, optimizer: { Adam: {} }, epochs: "\${params.epochs}", validation: test }
`;

/** The newest epoch with a checkpoint. */
function newestEpoch(): number | undefined {
  const folder = shared.path(FOLDER, 'long', '.hourglass', 'checkpoints');
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  const epochs = names.flatMap((name) => /(\d{6,})-[0-9a-f]{64}\.safetensors$/.exec(name)?.[1] ?? []);
  return epochs.length === 0 ? undefined : Math.max(...epochs.map(Number));
}

test('a killed run continues to the same bits; two at once are kept apart', PATIENT, async () => {
  shared.write(`${FOLDER}/long.yaml`, LONG);
  windows ??= startWindows();
  const outputs = ['-o', 'long\\outputs'];
  const running = windows.hourglass(shared.path(FOLDER), ['run', 'long.yaml', ...outputs]);
  while (newestEpoch() === undefined) await sleep(50);
  const second = await hourglassJson('run', 'long.yaml', ...outputs);
  assert.equal(second.json.diagnostics[0]?.code, 'run-locked');
  running.process.kill('SIGKILL');
  assert.equal((await running.ended).code, null);
  // Its worker notices, and ends.
  await sleep(500);
  const epochs = (newestEpoch() ?? 0) + 3;
  const shorter = ['-S', `params.epochs=${epochs}`] as const;
  const { json } = await hourglassJson('plan', 'long.yaml', ...shorter, ...outputs);
  const resumed = json.stages.find(({ name }) => name === 'trained')?.resume?.epoch ?? 0;
  assert.ok(resumed > 0 && resumed < epochs, String(resumed));
  isDone(await hourglass('run', 'long.yaml', ...shorter, ...outputs));
  await shared.run(['run', `${FOLDER}/long.yaml`, ...shorter, '--engine', 'portable', '-o', 'here']);
  assert.deepEqual(
    fingerprint(shared, 'long', `${FOLDER}/long/outputs`),
    fingerprint(shared, 'long', 'here'),
  );
});

test('files, locks and words of a command line, by programs for Windows', PATIENT, async () => {
  windows ??= startWindows();
  const program = fileURLToPath(new URL('./on-windows.js', import.meta.url));
  const folder = join(shared.path(FOLDER), 'files');
  shared.write(`${FOLDER}/files/note.txt`, 'before');
  isDone(await windows.node(folder, [windowsPath(program)]).ended);
});
