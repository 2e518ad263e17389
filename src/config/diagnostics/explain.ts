/** From a validator's errors to diagnostics: one per cause, in the terms of pipelines. */
import type { ErrorObject } from 'ajv';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { keyDiagnostics, misplacedDiagnostic } from './explain-keys.ts';
import { choiceDiagnostic, enumDiagnostic, limitDiagnostic, typeDiagnostic } from './explain-values.ts';
import { locate } from '../located.ts';
import { PathSet } from './path-set.ts';
import { placesOf, type ExplainContext, type ValueErrors } from './place.ts';
import { errorAt } from './report.ts';
import { nameOf } from './wording.ts';

/**
 * Explains the errors of a validator.
 *
 * @param errors the errors of Ajv, with `allErrors` and `verbose`
 */
export function explain(errors: readonly ErrorObject[], context: ExplainContext): Diagnostic[] {
  const places = placesOf(errors, context);
  const closed = new PathSet();
  const all = new PathSet(places.map(({ path }) => path));
  const diagnostics: Diagnostic[] = [];
  // Outer values first: a problem with a whole value explains the problems inside it.
  for (const place of places.toSorted((a, b) => a.path.length - b.path.length)) {
    if (context.broken.covers(place.path) || closed.covers(place.path)) continue;
    const whole = wholeDiagnostic(place);
    if (whole !== undefined) closed.add(place.path);
    const found = whole === undefined ? keyDiagnostics(place) : [whole];
    const value = whole === undefined ? limitDiagnostic(place) : undefined;
    const nothing = found.length === 0 && value === undefined && !all.hasInside(place.path);
    diagnostics.push(
      ...found,
      ...(value === undefined ? [] : [value]),
      ...(nothing ? [fallback(place)] : []),
    );
  }
  return diagnostics;
}

/** A problem with a value as a whole; undefined if its kind is allowed here. */
function wholeDiagnostic(place: ValueErrors): Diagnostic | undefined {
  return (
    misplacedDiagnostic(place) ?? choiceDiagnostic(place) ?? typeDiagnostic(place) ?? enumDiagnostic(place)
  );
}

/** For keywords that our own schemas do not use: the validator's words. */
function fallback({ path, value, errors, context }: ValueErrors): Diagnostic {
  const error = errors.find((each) => each.keyword !== 'if') ?? errors[0];
  const range = value.kind === 'scalar' ? value.range : locate(context.root, path, 'key');
  return errorAt(range, 'bad-setting', `${nameOf(path, context.whole)} ${error?.message ?? 'is not valid'}`);
}
