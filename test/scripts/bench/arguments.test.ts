import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWanted, parseArguments, UsageError } from '../../../scripts/bench/arguments.ts';

const GROUPS = {
  core: ['dense', 'conv'],
  all: ['dense', 'dense-wide', 'conv', 'conv-stride2', 'a.b'],
};
const parse = (...args: readonly string[]) =>
  parseArguments(args, GROUPS, ['hourglass', 'keras', 'keras, jit']);

test('without arguments steps of Hourglass alone are timed, on the core', () => {
  const { peers, work, json, cases, engines, steps } = parse();
  assert.deepEqual(
    { peers, work, json, cases, engines, steps },
    { peers: false, work: 'steps', json: false, cases: GROUPS.core, engines: [], steps: undefined },
  );
});

test('cases and engines may be named several times', () => {
  const { cases, engines } = parse('--case', 'conv', '--case=dense', '--engine', 'keras, jit');
  assert.deepEqual(cases, ['dense', 'conv']);
  assert.deepEqual(engines, ['keras, jit']);
});

for (const [text, expected] of [
  ['conv,dense', ['dense', 'conv']],
  ['dense*', ['dense', 'dense-wide']],
  ['*-wide,conv', ['dense-wide', 'conv']],
  ['d?nse', ['dense']],
  ['*', GROUPS.all],
  ['a.b', ['a.b']],
] as const) {
  test(`\`--case ${text}\` means ${expected.join(', ')}`, () => {
    assert.deepEqual(parse('--case', text).cases, expected);
  });
}

test('a group is a list of cases, and names come before it', () => {
  assert.deepEqual(parse('--group', 'all').cases, GROUPS.all);
  assert.deepEqual(parse('--group', 'core').cases, GROUPS.core);
  assert.deepEqual(parse('--group', 'core', '--case', 'dense-wide').cases, ['dense-wide']);
});

test('whole commands, sweeps, inference and growth are timed instead of steps', () => {
  for (const work of ['whole', 'sweep', 'inference'] as const) {
    assert.equal(parse(`--${work}`).work, work);
    assert.ok(parse(`--${work}`).rounds < parse().rounds);
  }
  const { work, axis, rounds } = parse('--scale', 'width');
  assert.deepEqual([work, axis], ['scale', 'width']);
  assert.ok(rounds < parse().rounds);
});

test('inference has its own cases unless others are requested', () => {
  assert.ok(parse('--inference').cases.length > 0);
  assert.deepEqual(parse('--inference', '--group', 'core').cases, GROUPS.core);
  assert.deepEqual(parse('--inference', '--case', 'conv').cases, ['conv']);
});

test('rounds and steps are numbers', () => {
  const { rounds, steps } = parse('--rounds', '7', '--steps', '100');
  assert.deepEqual([rounds, steps], [7, 100]);
  assert.equal(parse('--whole', '--rounds', '7').rounds, 7);
});

for (const args of [
  ['--case', 'dens'],
  ['--case', 'dense,dens'],
  ['--case', 'x*'],
  ['--case', 'axb.'],
  ['--engine', 'ker'],
  ['--group', 'most'],
  ['--scale', 'depth'],
  ['--whole', '--sweep'],
  ['--scale', 'batch', '--inference'],
  ['--rounds', '0'],
  ['--rounds', 'many'],
  ['--steps', '1.5'],
  ['--steps', '-3'],
  ['--speed'],
  ['dense'],
]) {
  test(`\`${args.join(' ')}\` is refused`, () => {
    assert.throws(() => parse(...args), UsageError);
  });
}

test('an engine is meant by its name, or by the part before a comma', () => {
  assert.equal(isWanted('keras, jit', []), true);
  assert.equal(isWanted('keras, jit', ['keras']), true);
  assert.equal(isWanted('keras, jit', ['torch', 'keras, jit']), true);
  assert.equal(isWanted('keras', ['keras, jit']), false);
  assert.equal(isWanted('keras, jit', ['ker']), false);
});
