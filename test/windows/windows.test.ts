/**
 * Hourglass with Node for Windows, under Wine: the commands on tiny pipelines, what Ctrl-C, kills and open files do, and that the
 * results are those of this system to the last bit.
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
import { fingerprint as sweepFingerprint } from '../sweep/rig.ts';

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
  },
);

test('an archive is packed, and verified there without TensorFlow, and here', PATIENT, async () => {
  isDone(await hourglass('pack', 'data\\tiny.yaml', '-o', 'tiny.zip'));
  const verified = await hourglass('verify', 'tiny.zip');
  isDone(verified);
  assert.doesNotMatch(verified.stdout + verified.stderr, /TensorFlow/);
  const here = await shared.run(['verify', `${FOLDER}/tiny.zip`]);
  assert.equal(here.code, 0, here.stdout + here.stderr);
});

/** A pipeline of two stages before a training, which is long unless it is given fewer epochs. */
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

const SWEPT = `${LONG.replace('name: long', 'name: swept').replace('100000', '1')}  quality: { type: evaluate, model: trained, data: mnist, metrics: [mse] }
sweep: { parameters: { epochs: [1, 2] }, metric: { name: quality.mse, goal: minimize } }
`;

test('the commands around a run work; a sweep produces the bits of this system', PATIENT, async () => {
  shared.write(`${FOLDER}/nul.yaml`, TINY.replace('name: tiny', 'name: nul').replace('  mnist:', '  CON:'));
  shared.write(`${FOLDER}/data/swept.yaml`, SWEPT);
  const here = shared.run([
    ...['sweep', `${FOLDER}/data/swept.yaml`, '--engine', 'portable', '-o', 'here', '-j', '1'],
  ]);
  /** Commands, with their exit codes if not 0, and what they print. */
  const calls: readonly (readonly [
    args: readonly string[],
    expected: { readonly code?: number; readonly says: RegExp },
  ])[] = [
    // Names of devices are refused before anything is written.
    [['check', 'nul.yaml', '--json'], { code: 2, says: /(?:reserved-name[^]*){2}/ }],
    [['init', 'con'], { code: 2, says: /reserved-name/ }],
    [['init', 'my work'], { says: /^ {2}cd "my work"$/m }],
    // The shells of Windows do not replace `*`.
    [['check', 'my work\\*.yaml', 'data\\*.yaml'], { says: /quickstart\.yaml[^]*swept\.yaml[^]*tiny\.yaml/ }],
    [['sweep', 'data\\swept.yaml', '-j', '1'], { says: /outputs\/swept\/sweep\.html/ }],
    [['sweep', 'data\\swept.yaml'], { says: /nothing to do: all 2 trials/ }],
    [['compare', 'swept'], { says: /quality\.mse is lowest/ }],
    [['plan', windowsPath(shared.path(FOLDER, 'data', 'tiny.yaml'))], { says: /nothing to do/ }],
    [
      ['plan', 'data\\swept.yaml', '-S', 'stages.trained.epochs=${params.epochs}'],
      { says: /`hourglass sweep data\\swept\.yaml -S stages\.trained\.epochs"="\$"\{params\.epochs\}"/ },
    ],
    [['run', 'data\\tiny.yaml', 'model', '-S', 'params.latent_size=5'], { says: /1 stage ran/ }],
    [['runs', 'tiny'], { says: /params\.latent_size 4 → 5/ }],
    [['restore', 'tiny@1'], { says: /shows run 1 again/ }],
    [['run', 'data\\tiny.yaml'], { says: /nothing to do/ }],
    // The same file: Windows compares names without case.
    [['run', 'DATA\\Tiny.YAML'], { says: /^(?![^]*name-in-use)[^]*nothing to do/ }],
    [['explain', 'data\\tiny.yaml'], { says: /kernels in WebAssembly/ }],
    [['report', 'tiny'], { says: /outputs\/tiny\/report\.html/ }],
    [['data', 'data\\tiny.yaml', 'noisy'], { says: /outputs\/data\/noisy\.png/ }],
    [
      ['data', 'outputs\\tiny\\noisy\\test-images.npy'],
      { says: /train_images: outputs\/tiny\/noisy\/train-images\.npy/ },
    ],
    [['cache', 'verify'], { says: /all are intact/ }],
    [['cache', 'status'], { says: /Übung 1\\\.hourglass/ }],
    [['cache', 'gc', '--max-size', '1KB'], { says: /removed \d+ results/ }],
    [['engine', 'status'], { says: /portable[^]*not available for win32-x64/ }],
    [['engine', 'install'], { code: 1, says: /engine-missing/ }],
    [['clean', '--all', '--dry-run'], { says: /would remove outputs\/swept/ }],
    [['--help'], { says: /130 +stopped by Ctrl-C$/m }],
    [['--version'], { says: /portable/ }],
  ];
  const ended = await (windows ??= startWindows()).hourglassEach(
    shared.path(FOLDER),
    calls.map(([args]) => args),
  );
  for (const [index, [args, { code = 0, says }]] of calls.entries()) {
    const { stdout = '', stderr = '', code: given } = ended[index] ?? {};
    const printed = `${args.join(' ')}\n${stdout}\n${stderr}`;
    assert.equal(given, code, printed);
    assert.match(stdout + stderr, says, printed);
    assert.doesNotMatch(stdout + stderr, /internal-error|ulimit|TMPDIR|SIG[A-Z]{3}|\\\\/, printed);
  }
  assert.equal((await here).code, 0, (await here).stderr);
  assert.deepEqual(
    sweepFingerprint(shared, 'swept', `${FOLDER}/outputs`),
    sweepFingerprint(shared, 'swept', 'here'),
  );
  // Another run and `cache gc` lie between them.
  assert.deepEqual(fingerprint(shared, 'tiny', `${FOLDER}/outputs`), fingerprint(shared, 'tiny', 'here'));
  isDone(await hourglass('clean', '--all'));
  assert.equal(shared.exists(`${FOLDER}/outputs/swept`), false);
});

/** The newest epoch with a checkpoint. */
function newestEpoch(): number {
  const folder = shared.path(FOLDER, 'long', '.hourglass', 'checkpoints');
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  const epochs = names.flatMap((name) => /(\d{6,})-[0-9a-f]{64}\.safetensors$/.exec(name)?.[1] ?? []);
  return Math.max(0, ...epochs.map(Number));
}

test(
  'a run goes on to the same bits after Ctrl-C and after a kill; two at once are kept apart',
  PATIENT,
  async () => {
    shared.write(`${FOLDER}/long.yaml`, LONG);
    windows ??= startWindows();
    const outputs = ['-o', 'long\\outputs'];
    const stopped = windows.hourglass(shared.path(FOLDER), ['run', 'long.yaml', ...outputs]);
    while (newestEpoch() === 0) await sleep(50);
    const second = await hourglassJson('run', 'long.yaml', ...outputs);
    assert.equal(second.json.diagnostics[0]?.code, 'run-locked');
    stopped.interrupt();
    const { code, stdout, stderr } = await stopped.ended;
    assert.equal(code, 130, stdout + stderr);
    assert.match(stderr, /To resume:/);
    const reached = newestEpoch();
    const killed = windows.hourglass(shared.path(FOLDER), ['run', 'long.yaml', ...outputs]);
    while (newestEpoch() <= reached) await sleep(50);
    killed.process.kill('SIGKILL');
    assert.equal((await killed.ended).code, null);
    // Its worker notices, and ends.
    await sleep(500);
    const epochs = newestEpoch() + 3;
    const shorter = ['-S', `params.epochs=${epochs}`] as const;
    const { json } = await hourglassJson('plan', 'long.yaml', ...shorter, ...outputs);
    const resumed = json.stages.find(({ name }) => name === 'trained')?.resume?.epoch ?? 0;
    assert.ok(resumed > reached && resumed < epochs, `${reached}, ${resumed}, ${epochs}`);
    isDone(await hourglass('run', 'long.yaml', ...shorter, ...outputs));
    await shared.run(['run', `${FOLDER}/long.yaml`, ...shorter, '--engine', 'portable', '-o', 'here']);
    assert.deepEqual(
      fingerprint(shared, 'long', `${FOLDER}/long/outputs`),
      fingerprint(shared, 'long', 'here'),
    );
  },
);

test('files, locks and words of a command line, by programs for Windows', PATIENT, async () => {
  windows ??= startWindows();
  const program = fileURLToPath(new URL('./on-windows.js', import.meta.url));
  const folder = join(shared.path(FOLDER), 'files');
  shared.write(`${FOLDER}/files/note.txt`, 'before');
  isDone(await windows.node(folder, [windowsPath(program)]).ended);
});
