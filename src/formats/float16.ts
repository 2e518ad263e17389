/** Numbers of half precision (IEEE 754 binary16), which JavaScript's arrays do not have in all browsers yet. */

/** The nearest number of half precision, as bits; halfway between two, the even one. Beyond 65,504 it is infinite. */
export function toFloat16(value: number): number {
  SINGLE[0] = value;
  const bits = BITS[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > INFINITE) return sign | 0x7e00;
  if (magnitude >= TOO_LARGE) return sign | 0x7c00;
  if (magnitude < NORMAL) {
    // Multiples of 2^-24. The sum is rounded at just this digit.
    SINGLE[0] = Math.abs(value) + 0.5;
    return sign | ((BITS[0] ?? 0) - HALF);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - REBIAS + 0xfff + odd) >>> 13);
}

/** The numbers with these bits. */
export function fromFloat16(bits: Iterable<number> & ArrayLike<number>): Float32Array<ArrayBuffer> {
  return Float32Array.from(bits, (half) => {
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const sign = half >> 15 === 0 ? 1 : -1;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
  });
}

const SINGLE = new Float32Array(1);
const BITS = new Uint32Array(SINGLE.buffer);

/** Of single precision, as bits: infinity; the number from which halves are infinite, 65,520; the least normal half; 0.5. */
const INFINITE = 0x7f800000;
const TOO_LARGE = 0x477ff000;
const NORMAL = 0x38800000;
const HALF = 0x3f000000;
/** The difference of the two exponents' biases. */
const REBIAS = 112 << 23;
