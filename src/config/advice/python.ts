/** Values in Python or informal notation: `(3, 3)`, `28*28`, `None`, `layers.Dense(32, activation='relu')`, `3x3`, `20%`. */
import type { Json } from '../../core/json.ts';
import { LONGEST_TEXT } from './limits.ts';

export type Python =
  | { readonly kind: 'value'; readonly value: Json }
  /** The last part of a dotted name. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Python[] }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly positional: readonly Python[];
      readonly keywords: ReadonlyMap<string, Python>;
    };

/** Reads a text; undefined if it is not in this notation. */
export function readPython(text: string): Python | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > LONGEST_TEXT) return undefined;
  return readSpecial(trimmed) ?? new Reader(trimmed).whole();
}

/** The value, with names as texts; undefined if it contains a call. */
export function valueOf(python: Python): Json | undefined {
  switch (python.kind) {
    case 'value':
      return python.value;
    case 'name':
      return python.name;
    case 'list': {
      const items = python.items.map(valueOf);
      return items.every((item) => item !== undefined) ? items : undefined;
    }
    case 'call':
      return undefined;
  }
}

/** `3x3`, `20%`, `0,5`, and numbers with separators. */
function readSpecial(text: string): Python | undefined {
  const value = (found: Json): Python => ({ kind: 'value', value: found });
  if (/^\d+(?:\s*[x×]\s*\d+)+$/i.test(text)) return value(text.split(/[x×]/i).map(Number));
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text)?.[1];
  if (percent !== undefined) return value(Number((Number(percent) / 100).toPrecision(12)));
  if (/^-?\d+,\d+$/.test(text) && !/^-?[1-9]\d{0,2},\d{3}$/.test(text))
    return value(Number(text.replace(',', '.')));
  if (/^-?[1-9]\d{0,2}(?:[,_ ]\d{3})+$/.test(text)) return value(Number(text.replace(/[,_ ]/g, '')));
  return undefined;
}

const WORDS: Readonly<Record<string, Json>> = { True: true, False: false, None: null };

/** A recursive-descent parser. Every method returns undefined if the text does not match. */
class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  whole(): Python | undefined {
    const found = this.sum();
    this.skip();
    return this.at === this.text.length ? found : undefined;
  }

  private skip(): void {
    while (/\s/.test(this.text.charAt(this.at))) this.at += 1;
  }

  private take(pattern: RegExp): string | undefined {
    this.skip();
    const found = pattern.exec(this.text.slice(this.at))?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private sum(): Python | undefined {
    return this.arithmetic(() => this.product(), /^[+-]/);
  }

  private product(): Python | undefined {
    return this.arithmetic(() => this.atom(), /^(?:\*\*|\/\/|[*/])/);
  }

  private arithmetic(operand: () => Python | undefined, operator: RegExp): Python | undefined {
    let left = operand();
    for (;;) {
      if (left === undefined) return undefined;
      const sign = this.take(operator);
      if (sign === undefined) return left;
      const right = operand();
      const [a, b] = [numberOf(left), numberOf(right)];
      if (a === undefined || b === undefined) return undefined;
      const value = Number(compute(a, sign, b).toPrecision(12));
      if (!Number.isFinite(value)) return undefined;
      left = { kind: 'value', value };
    }
  }

  private atom(): Python | undefined {
    const number = this.take(/^-?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?(?![\w.])/i);
    if (number !== undefined) return { kind: 'value', value: Number(number.replaceAll('_', '')) };
    const quoted = this.take(/^(?:"[^"\\]*"|'[^'\\]*'|[“”][^“”]*[“”]|[‘’][^‘’]*[‘’])/);
    if (quoted !== undefined) return { kind: 'value', value: quoted.slice(1, -1) };
    if (this.take(/^\(/) !== undefined) return this.tuple();
    if (this.take(/^\[/) !== undefined) {
      const items = this.items(/^\]/);
      return items === undefined || items.keywords.size > 0
        ? undefined
        : { kind: 'list', items: items.positional };
    }
    const name = this.take(/^[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*/);
    if (name === undefined) return undefined;
    const last = name.split('.').at(-1)?.trim() ?? name;
    if (this.take(/^\(/) === undefined) {
      return Object.hasOwn(WORDS, name)
        ? { kind: 'value', value: WORDS[name] ?? null }
        : { kind: 'name', name: last };
    }
    const found = this.items(/^\)/);
    return found === undefined ? undefined : { kind: 'call', name: last, ...found };
  }

  /** `(3, 3)` is a list, `(3)` a number. */
  private tuple(): Python | undefined {
    const start = this.at;
    const found = this.items(/^\)/);
    if (found === undefined || found.keywords.size > 0) return undefined;
    const [only, ...others] = found.positional;
    const isTuple = /,\s*\)$/.test(this.text.slice(start, this.at));
    return only !== undefined && others.length === 0 && !isTuple
      ? only
      : { kind: 'list', items: found.positional };
  }

  private items(
    closing: RegExp,
  ): { readonly positional: readonly Python[]; readonly keywords: ReadonlyMap<string, Python> } | undefined {
    const positional: Python[] = [];
    const keywords = new Map<string, Python>();
    for (;;) {
      if (this.take(closing) !== undefined) return { positional, keywords };
      if (positional.length + keywords.size > 0 && this.take(/^,/) === undefined) return undefined;
      if (this.take(closing) !== undefined) return { positional, keywords };
      const keyword = this.take(/^[A-Za-z_]\w*\s*=(?!=)/)?.replace(/\s*=$/, '');
      const value = this.sum();
      if (value === undefined) return undefined;
      if (keyword === undefined) positional.push(value);
      else keywords.set(keyword, value);
    }
  }
}

function numberOf(python: Python | undefined): number | undefined {
  return python?.kind === 'value' && typeof python.value === 'number' ? python.value : undefined;
}

function compute(a: number, sign: string, b: number): number {
  switch (sign) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '**':
      return a ** b;
    case '//':
      return Math.floor(a / b);
    default:
      return a / b;
  }
}
