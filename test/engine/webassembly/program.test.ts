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
  'a product in so many parts that their number times its columns is beyond 32 bits': `
    input a: float32[1, 2]
    input w: float32[300000, 2]
    c: float32[1, 300000] = matmul a, w {transpose_b: true}
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
  'elementwise functions of floats': `
    input x: float32[7, 33]
    input y: float32[33]
    ${[
      ...['neg', 'abs', 'sign', 'square', 'exp', 'expm1', 'sin', 'cos', 'tanh', 'sigmoid', 'softplus', 'erf'],
      ...['relu', 'relu6', 'elu', 'selu', 'leaky_relu', 'floor', 'ceil', 'round'],
    ]
      .map((op) => `${op}: float32[7, 33] = ${op} x${op === 'leaky_relu' ? ' {alpha: 0.3}' : ''}`)
      .join('\n')}
    clamp: float32[7, 33] = clamp x {low: -0.5, high: 0.7}
    positive: float32[7, 33] = add exp, 0.1
    sqrt: float32[7, 33] = sqrt positive
    rsqrt: float32[7, 33] = rsqrt positive
    log: float32[7, 33] = log positive
    log1p: float32[7, 33] = log1p positive
    reciprocal: float32[7, 33] = reciprocal positive
    pow: float32[7, 33] = pow positive, y
    sub: float32[7, 33] = sub y, x
    mul: float32[7, 33] = mul x, y
    div: float32[7, 33] = div y, positive
    max: float32[7, 33] = max x, y
    min: float32[7, 33] = min x, 0.25
    gradient: float32[7, 33] = relu_gradient x, exp
    lt: bool[7, 33] = lt x, y
    ge: bool[7, 33] = ge x, y
    ne: bool[7, 33] = ne x, y
    and: bool[7, 33] = and lt, ne
    or: bool[7, 33] = or ge, ne
    not: bool[7, 33] = not or
    select: float32[7, 33] = select and, x, y
    count: float32[7, 33] = cast and {dtype: float32}
    whole: int32[7, 33] = cast x {dtype: int32}
    return neg, abs, sign, square, expm1, sin, cos, tanh, sigmoid, softplus, erf, relu, relu6, elu, selu, leaky_relu, floor, ceil, round, clamp, sqrt, rsqrt, log, log1p, reciprocal, pow, sub, mul, div, max, min, gradient, lt, and, or, not, select, count, whole`,
  'operands that repeat along axes': `
    input x: float32[3, 5, 4, 2]
    input a: float32[5, 1, 2]
    input b: float32[3, 1, 4, 1]
    input c: float32[]
    input n: int32[6, 1]
    input m: int32[1, 7]
    input v: float32[2, 1, 3, 1, 2, 1]
    input w: float32[1, 2, 1, 3, 1, 2]
    o: float32[2, 2, 3, 3, 2, 2] = sub v, w
    p: float32[3, 5, 4, 2] = add x, a
    q: float32[3, 5, 4, 2] = mul a, b
    r: float32[3, 5, 4, 2] = sub c, x
    s: int32[6, 7] = mul n, m
    t: int32[6, 7] = max n, m
    u: bool[6, 7] = eq n, m
    return o, p, q, r, s, t, u`,
  'a fused group with reductions': `
    input x: float32[9, 70]
    input mean: float32[70]
    y: float32[9, 70], s: float32[9], t: float32[70], m: float32[1, 1] = fused x, mean (
      input a: float32[9, 70]
      input b: float32[70]
      c: float32[9, 70] = sub a, b
      d: float32[9, 70] = square c
      e: float32[9] = reduce_sum d {axes: [1], keep: false}
      f: float32[70] = reduce_sum d {axes: [0], keep: false}
      g: float32[1, 1] = reduce_max c {axes: [0, 1], keep: true}
      return c, e, f, g
    )
    return y, s, t, m`,
  'a body that is no group': `
    input x: float32[9, 70]
    y: float32[9, 70] = fused x (
      input a: float32[9, 70]
      m: float32[9, 1] = reduce_max a {axes: [1], keep: true}
      d: float32[9, 70] = sub a, m
      return d
    )
    return y`,
  'updates in place, and not': `
    variable w: float32[6, 9]
    variable v: float32[6, 9]
    variable a: float32[3]
    variable b: float32[3]
    variable step: int32[]
    input g: float32[6, 9]
    before: float32[54] = reshape w {shape: [54]}
    m: float32[6, 9] = mul v, 0.9
    u: float32[6, 9] = add m, g
    n: float32[6, 9] = sub w, u
    next: int32[] = add step, 1:int32
    sum: float32[6, 9] = add w, n
    return sum, before, a
    update w = n
    update v = u
    update a = b
    update b = a
    update step = next`,
  'fused updates': `
    variable w: float32[33, 20]
    variable v: float32[33, 20]
    variable b: float32[20]
    variable k: float32[5, 5]
    input x: float32[6, 33]
    input dy: float32[6, 20]
    input g: float32[5, 5]
    input rate: float32[]
    y: float32[6, 20] = matmul x, w
    nw: float32[33, 20], nv: float32[33, 20] = fused_update x, dy, w, v, rate {gradient: product} (
      input d: float32[33, 20]
      input w: float32[33, 20]
      input v: float32[33, 20]
      input r: float32[]
      m: float32[33, 20] = mul v, r
      n: float32[33, 20] = add m, d
      s: float32[33, 20] = mul n, r
      t: float32[33, 20] = sub w, s
      return t, n
    )
    nb: float32[20] = fused_update dy, b, rate {gradient: sum} (
      input d: float32[20]
      input b: float32[20]
      input r: float32[]
      s: float32[20] = mul d, r
      t: float32[20] = sub b, s
      return t
    )
    nk: float32[5, 5] = fused_update g, k {gradient: given} (
      input d: float32[5, 5]
      input k: float32[5, 5]
      t: float32[5, 5] = sub k, d
      return t
    )
    return y
    update w = nw
    update v = nv
    update b = nb
    update k = nk`,
  'fused updates with more than the kernel knows': `
    variable w: float32[33, 20]
    variable v: float32[33, 20]
    variable b: float32[20]
    variable k: float32[5, 5]
    input x: float32[6, 33]
    input dy: float32[6, 20]
    input g: float32[5, 5]
    input rate: float32[]
    y: float32[6, 20] = matmul x, w
    nw: float32[33, 20], nv: float32[33, 20] = fused_update x, dy, w, v, rate {gradient: product} (
      input d: float32[33, 20]
      input w: float32[33, 20]
      input v: float32[33, 20]
      input r: float32[]
      m: float32[33, 20] = mul v, 0.5
      n: float32[33, 20] = add m, d
      s: float32[33, 20] = mul n, r
      t: float32[33, 20] = sub w, s
      return t, n
    )
    nb: float32[20] = fused_update dy, b, rate {gradient: sum} (
      input d: float32[20]
      input b: float32[20]
      input r: float32[]
      s: float32[20] = mul d, r
      t: float32[20] = sub b, s
      return t
    )
    nk: float32[5, 5] = fused_update g, k {gradient: given} (
      input d: float32[5, 5]
      input k: float32[5, 5]
      t: float32[5, 5] = sub k, d
      return t
    )
    return y
    update w = nw
    update v = nv
    update b = nb
    update k = nk`,
  pooling: `
    input x: float32[2, 7, 9, 5]
    y: float32[2, 3, 4, 5] = max_pool x {strides: [2, 2], padding: [[0, 0], [0, 0]], dilations: [1, 1], size: [2, 2]}
    d: float32[2, 3, 4, 5] = mul y, y
    dx: float32[2, 7, 9, 5] = max_pool_gradient x, y, d {strides: [2, 2], padding: [[0, 0], [0, 0]], dilations: [1, 1], size: [2, 2]}
    a: float32[2, 4, 9, 5] = average_pool x {strides: [2, 1], padding: [[1, 1], [1, 1]], dilations: [1, 1], size: [3, 3]}
    da: float32[2, 7, 9, 5] = average_pool_gradient a {strides: [2, 1], padding: [[1, 1], [1, 1]], dilations: [1, 1], size: [3, 3], shape: [2, 7, 9, 5]}
    return y, dx, a, da`,
  upsampling: `
    input x: float32[2, 3, 4, 5]
    n: float32[2, 6, 12, 5] = upsample_nearest x {factors: [2, 3]}
    dn: float32[2, 3, 4, 5] = upsample_nearest_gradient n {factors: [2, 3]}
    b: float32[2, 6, 12, 5] = upsample_bilinear x {factors: [2, 3]}
    db: float32[2, 3, 4, 5] = upsample_bilinear_gradient b {factors: [2, 3]}
    return n, dn, b, db`,
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
