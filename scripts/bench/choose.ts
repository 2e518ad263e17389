/** Chooses cases by names or patterns. */

export interface Chosen {
  /** In the order of all cases. */
  readonly names: readonly string[];
  /** The first text that matches no case. */
  readonly unknown?: string;
}

/** @param wanted names; `*` stands for any characters, `?` for one */
export function chooseCases(wanted: readonly string[], all: readonly string[]): Chosen {
  const matches = wanted.map((text) => {
    const pattern = patternOf(text);
    return all.filter((name) => pattern.test(name));
  });
  const unknown = wanted.find((_, index) => matches[index]?.length === 0);
  const meant = new Set(matches.flat());
  return {
    names: all.filter((name) => meant.has(name)),
    ...(unknown === undefined ? {} : { unknown }),
  };
}

function patternOf(text: string): RegExp {
  const source = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}
