/** The figure that a report begins with. */
import type { Picture } from '../exhibit.ts';
import type { Report } from '../report.ts';

export interface MainFigure {
  readonly stage: string;
  readonly picture: Picture;
}

/** The figure to show first: the one that depends on the most stages, such as a comparison of images, noise and model. */
export function findMainFigure({ stages }: Report): MainFigure | undefined {
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const ancestors = (name: string, seen: Set<string>): Set<string> => {
    for (const input of Object.values(byName.get(name)?.inputs ?? {})) {
      if (seen.has(input)) continue;
      seen.add(input);
      ancestors(input, seen);
    }
    return seen;
  };
  let best: MainFigure | undefined;
  let most = -1;
  for (const stage of stages) {
    const first = stage.exhibits.find((exhibit) => exhibit.kind === 'figure');
    if (first === undefined || stage.outdated !== undefined) continue;
    // Of figures that depend on equally many stages, the one with the most direct inputs, then the last: a file ends with
    // its main result.
    const weight = ancestors(stage.name, new Set()).size + Object.keys(stage.inputs).length / 100;
    if (weight < most) continue;
    most = weight;
    best = { stage: stage.name, picture: first.picture };
  }
  return best;
}

/**
 * Sorts what belongs to stages by how near they are to the main figure: first its inputs, then their inputs, and so on. Those on which
 * it does not depend, and those equally near, keep their order.
 */
export function nearestFirst<Item extends { readonly stage: string }>(
  { stages }: Report,
  main: MainFigure | undefined,
  items: readonly Item[],
): readonly Item[] {
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const distances = new Map<string, number>();
  let reached = [main?.stage ?? ''];
  for (let distance = 0; reached.length > 0; distance++) {
    for (const name of reached) distances.set(name, distance);
    reached = reached
      .flatMap((name) => Object.values(byName.get(name)?.inputs ?? {}))
      .filter((name) => !distances.has(name));
  }
  const distanceOf = ({ stage }: Item): number => distances.get(stage) ?? byName.size;
  return items.toSorted((a, b) => distanceOf(a) - distanceOf(b));
}
