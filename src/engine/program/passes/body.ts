/** Bodies of instructions. */

/** What a parameter of a body is called: a, b, …, z, a1, b1, … */
export function parameterName(index: number): string {
  const letter = String.fromCharCode('a'.charCodeAt(0) + (index % 26));
  return index < 26 ? letter : `${letter}${Math.floor(index / 26)}`;
}
