/** `${params.x}`: values of parameters in place of their names. */
import type { Located, LocatedDocument, LocatedEntry, LocatedMap, LocatedScalar, Origin } from './located.ts';
import { MAX_WEIGHT } from './parse.ts';
import { didYouMean, errorAt, type ReportDiagnostic } from './diagnostics/report.ts';
import { backticked } from './diagnostics/wording.ts';

/** All characters that parameters may add inside longer texts. */
const MAX_TEXT = 1_000_000;

const NAME = /^params\.([A-Za-z_][A-Za-z0-9_]*)$/;

/**
 * Puts parameters in place, everywhere but in `params` itself, whose values are final. A text that is nothing but
 * `${params.x}` becomes the parameter's value, with its type; inside a longer text the value is written out.
 */
export function interpolate(
  document: LocatedDocument<'overridden'>,
  report: ReportDiagnostic,
): LocatedDocument<'interpolated'> {
  const { root } = document;
  const params = root.entries.get('params')?.value;
  const interpolation = new Interpolation(params?.kind === 'map' ? params.entries : new Map(), report);
  const entries = new Map<string, LocatedEntry>();
  for (const [key, entry] of root.entries) {
    if (key === 'params') interpolation.refuse(entry.value);
    const value = key === 'params' ? entry.value : interpolation.apply(entry.value);
    entries.set(key, value === entry.value ? entry : { ...entry, value });
  }
  return { state: 'interpolated', root: { ...root, entries } };
}

class Interpolation {
  private readonly params: ReadonlyMap<string, LocatedEntry>;
  private readonly report: ReportDiagnostic;
  private values = 0;
  private characters = 0;
  private full = false;

  constructor(params: ReadonlyMap<string, LocatedEntry>, report: ReportDiagnostic) {
    this.params = params;
    this.report = report;
  }

  /** The value with parameters in place; the same object where it names none. */
  apply(value: Located): Located {
    switch (value.kind) {
      case 'scalar':
        return typeof value.value === 'string' && value.value.includes('${')
          ? this.text(value, value.value)
          : value;
      case 'list': {
        const items = value.items.map((item) => this.apply(item));
        return items.every((item, index) => item === value.items[index]) ? value : { ...value, items };
      }
      case 'map':
        return this.map(value);
    }
  }

  /** Reports every `${` in the parameters themselves. */
  refuse(value: Located): void {
    if (value.kind === 'list') value.items.forEach((item) => this.refuse(item));
    if (value.kind === 'map') for (const entry of value.entries.values()) this.refuse(entry.value);
    if (value.kind !== 'scalar' || typeof value.value !== 'string' || !value.value.includes('${')) return;
    this.report(
      errorAt(value.range, 'bad-interpolation', 'a parameter cannot be made of other parameters', {
        hint: 'write its value, and put both parameters together where they are used',
      }),
    );
  }

  private map(value: LocatedMap): LocatedMap {
    let changed = false;
    const entries = new Map<string, LocatedEntry>();
    for (const [key, entry] of value.entries) {
      const applied = this.apply(entry.value);
      changed ||= applied !== entry.value;
      entries.set(key, applied === entry.value ? entry : { ...entry, value: applied });
    }
    return changed ? { ...value, entries } : value;
  }

  private text(scalar: LocatedScalar, text: string): Located {
    const whole = /^\$\{([^{}]*)\}$/.exec(text);
    if (whole !== null) {
      const param = this.param(whole[1] ?? '', scalar);
      if (param === undefined) return broken(scalar);
      this.values += weightOf(param.value.value);
      if (this.values > MAX_WEIGHT) return this.tooLarge(scalar);
      return { ...param.value.value, range: scalar.range, origin: param.origin };
    }
    let result = '';
    let origin: Origin | undefined;
    let end = 0;
    for (const match of text.matchAll(/\$\{([^{}]*)(\}?)/g)) {
      const [found, content = '', closing] = match;
      if (closing === '') {
        this.bad(scalar, 'a `${` is not closed by a `}`');
        return broken(scalar);
      }
      const param = this.param(content, scalar);
      if (param === undefined) return broken(scalar);
      const { value } = param.value;
      if (value.kind !== 'scalar') {
        this.bad(scalar, `${backticked(content)} is a ${value.kind}, which cannot stand inside a text`);
        return broken(scalar);
      }
      const written = String(value.value);
      this.characters += written.length;
      if (this.characters > MAX_TEXT) return this.tooLarge(scalar);
      result += text.slice(end, match.index) + written;
      end = match.index + found.length;
      origin ??= param.origin;
    }
    return { ...scalar, value: result + text.slice(end), ...(origin === undefined ? {} : { origin }) };
  }

  /** The parameter that stands between `${` and `}`; undefined, and reported, where there is none. */
  private param(content: string, scalar: LocatedScalar): { value: LocatedEntry; origin: Origin } | undefined {
    const name = NAME.exec(content)?.[1];
    if (name === undefined) {
      const bare = content.trim().replace(/^params\./, '');
      const near = this.params.has(bare) ? bare : undefined;
      this.bad(scalar, `\`\${}\` takes \`params.\` and a name, not ${backticked(content)}`, near);
      return undefined;
    }
    const value = this.params.get(name);
    if (value === undefined) {
      const names = [...this.params.keys()];
      this.report(
        errorAt(scalar.range, 'unknown-param', `there is no parameter ${backticked(name)}`, {
          hint:
            didYouMean(name, names) ??
            (names.length === 0 ? `write \`params: { ${name}: … }\` at the top` : undefined),
        }),
      );
      return undefined;
    }
    if (value.value.kind === 'scalar' && (value.value.broken === true || isInterpolation(value.value)))
      return undefined;
    return {
      value,
      origin: { message: `${backticked(`params.${name}`)} is set here`, range: value.value.range },
    };
  }

  private bad(scalar: LocatedScalar, message: string, near?: string): void {
    const hint =
      near === undefined ? 'for example `${params.latent_size}`' : `did you mean \`\${params.${near}}\`?`;
    this.report(errorAt(scalar.range, 'bad-interpolation', message, { hint }));
  }

  private tooLarge(scalar: LocatedScalar): LocatedScalar {
    const message = 'the parameters of this pipeline add up to too much';
    if (!this.full) this.report(errorAt(scalar.range, 'bad-interpolation', message));
    this.full = true;
    return broken(scalar);
  }
}

/** A parameter that holds `${…}` is already refused where it is written. */
function isInterpolation({ value }: LocatedScalar): boolean {
  return typeof value === 'string' && value.includes('${');
}

function broken({ range }: LocatedScalar): LocatedScalar {
  return { kind: 'scalar', value: null, range, broken: true };
}

/** Values in a tree, texts as `MAX_WEIGHT` counts them. */
function weightOf(value: Located): number {
  if (value.kind === 'scalar') return 1 + (typeof value.value === 'string' ? value.value.length >> 4 : 0);
  const parts = value.kind === 'list' ? value.items : [...value.entries.values()].map((entry) => entry.value);
  return parts.reduce((sum, part) => sum + weightOf(part), 1);
}
