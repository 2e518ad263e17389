/** "Did you mean …?" */

/** Longer words are not typing errors, and comparing them would take time. */
const LONGEST = 64;

/**
 * The candidate that `word` most likely means, or undefined if none is close: the same letters in another case or
 * with other separators (`conv2d` for `Conv2D`), a few typing errors (`kernal_size`), or a clear abbreviation
 * (`lr` for `learning_rate`, `std` for `stddev`). Never `word` itself.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length === 0 || word.length > LONGEST) return undefined;
  const others = [...new Set(candidates)].filter((candidate) => candidate !== word && candidate.length > 0);
  const letters = lettersOf(word);
  return (
    others.find((candidate) => lettersOf(candidate) === letters) ??
    nearest(letters, others) ??
    abbreviated(letters, others)
  );
}

function lettersOf(word: string): string {
  return word.toLowerCase().replace(/[-_\s]/g, '');
}

function nearest(letters: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const other = lettersOf(candidate);
    // One typing error per three letters; all two-letter words are close to each other.
    const allowed = Math.floor(Math.max(letters.length, other.length) / 3);
    if (Math.min(letters.length, other.length) < 2 || Math.abs(letters.length - other.length) > allowed)
      continue;
    const distance = editDistance(letters, other);
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The only candidate that begins with `letters`, contains them as a separate word, or has them as initials. */
function abbreviated(letters: string, candidates: readonly string[]): string | undefined {
  const matches = candidates.filter((candidate) => {
    const words = candidate.toLowerCase().split(/[-_\s]/);
    return (
      (words.length > 1 && words.map((word) => word.charAt(0)).join('') === letters) ||
      (letters.length >= 3 && (lettersOf(candidate).startsWith(letters) || words.includes(letters)))
    );
  });
  return matches.length === 1 ? matches[0] : undefined;
}

/**
 * Damerau and Levenshtein's distance in its restricted form ("optimal string alignment"): the number of letters that
 * must be inserted, removed, replaced or swapped with their neighbour to turn one word into the other.
 */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let distance = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      );
      const exchanged =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (exchanged) distance = Math.min(distance, at(beforeLast, column - 2) + 1);
      current.push(distance);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
