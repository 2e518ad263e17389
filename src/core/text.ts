/**
 * Texts of unknown origin, such as a key of somebody's pipeline or a name in somebody's archive: made harmless in one place
 * for the terminal, tables, reports and logs.
 */

/**
 * Characters that control how a text is displayed: control characters, halves of surrogate pairs, line ends, and invisible marks
 * or marks that change the direction of writing. Joiners are allowed, since some scripts need them.
 */
const STEERING = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u;
const ALL_STEERING = new RegExp(STEERING, 'gu');

/** Replaces a control character. */
const MARK = '·';

/** Whether a character could control the display of a text. */
export function isSteering(character: string): boolean {
  return STEERING.test(character);
}

/** A text on one line: a line break and the blanks around it become one blank; other control characters become `·`. */
export function printable(text: string): string {
  const line = /[\r\n]/.test(text)
    ? text
        .split(/[\r\n]+/)
        .map((part, index, parts) => trimInside(part, index > 0, index < parts.length - 1))
        .join(' ')
    : text;
  return line.replace(ALL_STEERING, MARK);
}

function trimInside(part: string, start: boolean, end: boolean): string {
  const trimmed = start ? part.trimStart() : part;
  return end ? trimmed.trimEnd() : trimmed;
}

/** A text with its lines and tabs: all other control characters become `·`. */
export function printableLines(text: string): string {
  return text.replace(ALL_STEERING, (character) => ('\n\r\t'.includes(character) ? character : MARK));
}

/** JSON text in which control characters inside strings are escaped: the same data, safe to print. */
export function printableJson(json: string): string {
  return json.replace(ALL_STEERING, (character) =>
    character === '\n'
      ? character
      : [...Array(character.length).keys()]
          .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
          .join(''),
  );
}
