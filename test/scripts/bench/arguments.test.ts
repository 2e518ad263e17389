import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWanted, parseArguments, UsageError } from '../../../scripts/bench/arguments.ts';

const CASES = ['dense', 'conv'];
const parse = (...args: readonly string[]) => parseArguments(args, CASES);

test('without arguments Hourglass alone is timed, on all cases', () => {
  const { peers, whole, json, cases, engines, steps } = parse();
  assert.deepEqual(
    { peers, whole, json, cases, engines, steps },
    { peers: false, whole: false, json: false, cases: [], engines: [], steps: undefined },
  );
});

test('cases and engines may be named several times', () => {
  const { cases, engines } = parse('--case', 'conv', '--case=dense', '--engine', 'keras, jit');
  assert.deepEqual(cases, ['conv', 'dense']);
  assert.deepEqual(engines, ['keras, jit']);
});

test('rounds and steps are numbers; whole commands have fewer rounds unless told', () => {
  const { rounds, steps } = parse('--rounds', '7', '--steps', '100');
  assert.deepEqual([rounds, steps], [7, 100]);
  assert.ok(parse('--whole').rounds < parse().rounds);
  assert.ok(parse('--sweep').rounds < parse().rounds);
  assert.equal(parse('--whole', '--rounds', '7').rounds, 7);
});

for (const args of [
  ['--case', 'dens'],
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
