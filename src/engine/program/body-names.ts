/** Names in bodies of instructions. */

/** What the values of a body are called, parameters first: a, b, …, z, a1, b1, … */
export function bodyName(index: number): string {
  const letter = String.fromCharCode('a'.charCodeAt(0) + (index % 26));
  return index < 26 ? letter : `${letter}${Math.floor(index / 26)}`;
}
