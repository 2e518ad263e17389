/** Each kernel of the module, on one thread and on three, beside the reference interpreter. */
import { after, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Executor } from '../../../src/engine/webassembly/executor.ts';
import {
  assertClose,
  assertSameBits,
  computed,
  computedWithCare,
  expected,
  parametersFor,
  program,
} from './compare.ts';

const alone = new Executor({ threads: 1 });
const together = new Executor({ threads: 3 });
after(() => Promise.all([alone.dispose(), together.dispose()]));
while (together.instance.exports.serving() < 2) await sleep(2);

const image = 'input x: float32[2, 7, 9, 3]\ninput w: float32[3, 3, 3, 5]';

const programs: Readonly<Record<string, string>> = {
  'a product with an epilogue': `
    input a: float32[5, 33]
    input b: float32[33, 70]
    input bias: float32[70]
    input mask: float32[5, 70]
    c: float32[5, 70] = matmul a, b, bias, mask {epilogue: [bias, relu, mask]}
    return c`,
  'products with transposed factors': `
    input a: float32[5, 33]
    input b: float32[5, 70]
    input w: float32[33, 70]
    input v: float32[70, 33]
    input bias: float32[33]
    p: float32[33, 70] = matmul a, b {transpose_a: true}
    q: float32[5, 33] = matmul b, w {transpose_b: true}
    r: float32[5, 33] = matmul b, w, bias {transpose_b: true, epilogue: [bias, relu]}
    s: float32[33, 33] = matmul w, v {transpose_a: true, transpose_b: true}
    return p, q, r, s`.replace('w, v', 'v, w'),
  'a product of no more than one row and column': `
    input a: float32[1, 1]
    input b: float32[1, 1]
    c: float32[1, 1] = matmul a, b
    d: float32[1, 1] = matmul a, b {transpose_a: true}
    return c, d`,
  'long sums of outer products': `
    input a: float32[600, 3]
    input b: float32[600, 300]
    c: float32[3, 300] = matmul a, b {transpose_a: true}
    return c`,
  'a convolution': `
    ${image}
    input bias: float32[5]
    y: float32[2, 7, 9, 5] = convolution x, w, bias {strides: [1, 1], padding: [[1, 1], [1, 1]], dilations: [1, 1], epilogue: [bias, relu]}
    return y`,
  'convolutions with strides and dilations': `
    ${image}
    y: float32[2, 4, 5, 5] = convolution x, w {strides: [2, 2], padding: [[1, 1], [1, 1]], dilations: [1, 1]}
    z: float32[2, 5, 4, 5] = convolution x, w {strides: [1, 2], padding: [[0, 2], [1, 2]], dilations: [2, 2]}
    return y, z`,
  'a convolution by Winograd, and its gradients': `
    input x: float32[3, 9, 6, 17]
    input w: float32[3, 3, 17, 18]
    y: float32[3, 9, 6, 18] = convolution x, w {strides: [1, 1], padding: [[1, 1], [1, 1]], dilations: [1, 1]}
    dx: float32[3, 9, 6, 17] = convolution_input_gradient y, w {strides: [1, 1], padding: [[1, 1], [1, 1]], dilations: [1, 1], size: [9, 6]}
    dw: float32[3, 3, 17, 18], db: float32[18] = convolution_filter_gradient x, y {strides: [1, 1], padding: [[1, 1], [1, 1]], dilations: [1, 1], size: [3, 3], sums: gradient}
    return y, dx, dw, db`,
  'gradients of convolutions with strides and dilations': `
    ${image}
    input dy: float32[2, 4, 5, 5]
    input dz: float32[2, 5, 4, 5]
    dx: float32[2, 7, 9, 3] = convolution_input_gradient dy, w {strides: [2, 2], padding: [[1, 1], [1, 1]], dilations: [1, 1], size: [7, 9]}
    dw: float32[3, 3, 3, 5], sx: float32[3] = convolution_filter_gradient x, dy {strides: [2, 2], padding: [[1, 1], [1, 1]], dilations: [1, 1], size: [3, 3], sums: images}
    ex: float32[2, 7, 9, 3] = convolution_input_gradient dz, w {strides: [1, 2], padding: [[0, 2], [1, 2]], dilations: [2, 2], size: [7, 9]}
    ew: float32[3, 3, 3, 5] = convolution_filter_gradient x, dz {strides: [1, 2], padding: [[0, 2], [1, 2]], dilations: [2, 2], size: [3, 3], sums: none}
    return dx, dw, sx, ex, ew`,
  movements: `
    input x: float32[2, 3, 5]
    input n: int32[3]
    input b: bool[2, 3]
    t: float32[5, 2, 3] = transpose x {permutation: [2, 0, 1]}
    s: float32[2, 2, 2] = slice x {begin: [0, 1, 2], size: [2, 2, 2]}
    p: float32[3, 3, 9] = pad x {padding: [[0, 1], [0, 0], [1, 3]], value: -1.5}
    m: int32[4, 3] = broadcast n {shape: [4, 3]}
    u: bool[3, 2] = transpose b {permutation: [1, 0]}
    c: float32[2, 6, 5] = concatenate x, x {axis: 1}
    r: float32[6, 5] = reshape x {shape: [6, 5]}
    q: float32[5, 6] = transpose r {permutation: [1, 0]}
    return t, s, p, m, u, c, q`,
  reductions: `
    input x: float32[4, 70, 3, 33]
    input y: float32[600, 7]
    a: float32[] = reduce_sum x {axes: [0, 1, 2, 3], keep: false}
    b: float32[33] = reduce_sum x {axes: [0, 1, 2], keep: false}
    c: float32[4, 70, 3, 1] = reduce_sum x {axes: [3], keep: true}
    d: float32[4, 3] = reduce_sum x {axes: [1, 3], keep: false}
    e: float32[70, 33] = reduce_max x {axes: [0, 2], keep: false}
    f: float32[4] = reduce_min x {axes: [1, 2, 3], keep: false}
    g: float32[7] = reduce_sum y {axes: [0], keep: false}
    h: float32[600, 7] = reduce_sum y {axes: [], keep: false}
    return a, b, c, d, e, f, g, h`,
  'random numbers': `
    input step: int32[]
    u: float32[700] = uniform step {shape: [700], seed: [123, 4294967295], halves: false}
    v: float32[3, 7] = uniform step {shape: [3, 7], seed: [5, 6], halves: true}
    return u, v`,
};

suite('programs compute what the interpreter computes', () => {
  for (const [name, text] of Object.entries(programs)) {
    test(name, () => {
      const own = program(text);
      const parameters = parametersFor(own, 7);
      const one = computed(alone, own, parameters);
      assertClose(one, expected(own, parameters), 2e-6);
      assertSameBits(computed(together, own, parameters), one);
      assertSameBits(computedWithCare(alone, own, parameters), one);
    });
  }
});
