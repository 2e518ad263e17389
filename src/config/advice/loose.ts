/** Numbers, lists and booleans in informal notation: `3,`, `1e-3f`, `10^-3`, `100 images`, `0 to 1`. */
import type { Json } from '../../core/json.ts';
import { readPython, valueOf, type Python } from './python.ts';

const WORDS: Readonly<Record<string, number>> = {
  zero: 0,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  sixteen: 16,
  twenty: 20,
  thirty: 30,
  'thirty-two': 32,
  fifty: 50,
  'sixty-four': 64,
  hundred: 100,
  'one hundred': 100,
  thousand: 1000,
  'one thousand': 1000,
};

const UNITS =
  /^([-+]?[\d.][\d.,_]*)\s*(?:epochs?|images?|samples?|pictures?|px|pixels?|steps?|batch(?:es)?|units?|neurons?|filters?|threads?|cores?|times)\.?$/i;

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Values that a text may mean, the most likely first. The schema decides which one fits. */
export function looseValues(text: string): readonly Json[] {
  const plain = tidied(text);
  const found = [numberOf(plain), truthOf(plain), ...callValues(plain), listOf(plain)];
  return found.filter((each) => each !== undefined);
}

/** The text in ASCII, without a comment, a punctuation mark or a unit after it. */
function tidied(text: string): string {
  return text
    .trim()
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCodePoint((wide.codePointAt(0) ?? 0) - 0xfee0))
    .replace(/[−–—](?=[\d.])/g, '-')
    .replace(/\s+(?:\/\/|--|\/\*|;)\s*\D.*$/, '')
    .replace(/[\s,;]+$/, '');
}

function numberOf(text: string): Json | undefined {
  const letters = text.toLowerCase().replace(/[\s_]+/g, ' ');
  if (Object.hasOwn(WORDS, letters)) return WORDS[letters];
  const thousands = /^(\d+(?:\.\d+)?)\s*k$/i.exec(text)?.[1];
  if (thousands !== undefined) return Number(thousands) * 1000;
  const number = (UNITS.exec(text)?.[1] ?? text)
    .replace(new RegExp(`⁻?[${SUPERSCRIPTS}]+`, 'g'), (power) => `**${plainPower(power)}`)
    .replace(/^(-?[\d.]+)\s*[·×x*]\s*10\s*(?:\^|\*\*)\s*(?=[-+]?\d)/i, '$1e')
    .replace(/^([-+]?[\d.]+(?:e[-+]?\d+)?)[fdlu]$/i, '$1')
    .replace(/^([\d.]+)\s+(e[-+]?\d+)$/i, '$1$2')
    .replace(/^=\s*/, '')
    .replaceAll('^', '**');
  return valueIn(number);
}

function plainPower(power: string): string {
  return [...power].map((sign) => (sign === '⁻' ? '-' : String(SUPERSCRIPTS.indexOf(sign)))).join('');
}

/** The value of a text in Python, unless it is a word. */
function valueIn(text: string): Json | undefined {
  const python = readPython(text);
  const value = python === undefined ? undefined : valueOf(python);
  return typeof value === 'string' ? undefined : value;
}

function truthOf(text: string): boolean | undefined {
  if (/^(?:yes|on|y|t|true|1|enabled?)$/i.test(text)) return true;
  return /^(?:no|off|n|f|false|0|disabled?)$/i.test(text) ? false : undefined;
}

/** `int(3)` is 3, `np.sqrt(0.25)` is 0.5, and `np.clip(x, 0, 1)` contains the numbers 0 and 1. */
function callValues(text: string): readonly Json[] {
  const python = readPython(text);
  if (python?.kind !== 'call') return [];
  const numbers = [...python.positional, ...python.keywords.values()].flatMap(numbersIn);
  const [only, ...others] = numbers;
  if (only !== undefined && others.length === 0) {
    if (/^(?:int|float|abs|round|array|u?int\d+|float\d+|\w*seed\w*)$/.test(python.name)) return [only];
    if (python.name === 'sqrt') return [Number(Math.sqrt(only).toPrecision(12))];
  }
  return numbers.length > 1 ? [numbers] : [];
}

function numbersIn(python: Python): readonly number[] {
  if (python.kind === 'list') return python.items.flatMap(numbersIn);
  return python.kind === 'value' && typeof python.value === 'number' ? [python.value] : [];
}

/** `0, 1`, `0 1`, `0; 1`, `0-1`, `0..1`, `0 to 1`; with brackets on one or both sides. */
function listOf(text: string): Json | undefined {
  const slice = /^\[?\s*0?:\s*(\d+)\s*\]?$/.exec(text)?.[1];
  if (slice !== undefined) return Number(slice);
  const inner = text.replace(/^[[({<]\s*/, '').replace(/\s*[\])}>]$/, '');
  const parts = inner.split(/\s*(?:[,;]|\.\.+|\bto\b|(?<=[\d.])\s*-)\s*|\s+/);
  const numbers = parts.map((part) => (part === '' ? Number.NaN : Number(part)));
  return numbers.length > 1 && numbers.every(Number.isFinite) ? numbers : undefined;
}
