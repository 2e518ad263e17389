/** Elements of the page. Texts become text nodes, never HTML: names and labels may come from strangers. */

type Value = string | number | boolean | undefined;

/** An element with attributes and children. `true` sets an attribute without a value; `false` and undefined leave it out. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false)
      element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children);
  return element;
}

let made = 0;

/** An id that the page has once. */
export function newId(): string {
  made += 1;
  return `explore-${made}`;
}

/** Calls a function at the next frame, once for all calls until then. */
export function onceAFrame(draw: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

/** Milliseconds without a change until a change is announced. */
const CALM = 700;

/** Tells screen readers what changed, when it has stopped changing. */
export class Announcer {
  readonly element = make('p', { class: 'visually-hidden', role: 'status' });
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.element.textContent = text;
    }, CALM);
  }
}

/** A control with a label in front of it, for selects and number fields. */
export function labelled(text: string, control: HTMLElement): HTMLElement {
  control.id = newId();
  return make('div', { class: 'field' }, make('label', { for: control.id }, text), control);
}

/** A list of choices, which `choose` is told by their places in `options`. */
export function makeSelect(options: readonly string[], choose: (index: number) => void): HTMLSelectElement {
  const select = make('select', {}, ...options.map((text, index) => make('option', { value: index }, text)));
  select.addEventListener('change', () => choose(Number(select.value)));
  return select;
}

export function makeButton(text: string, press: () => void): HTMLButtonElement {
  const button = make('button', { type: 'button' }, text);
  button.addEventListener('click', press);
  return button;
}

/** A whole number from 0, such as a seed. */
export function makeNumberField(value: number, change: (value: number) => void): HTMLInputElement {
  const field = make('input', { type: 'number', min: 0, max: 999_999, step: 1, value, inputmode: 'numeric' });
  field.addEventListener('input', () => {
    const number = field.valueAsNumber;
    if (Number.isInteger(number) && number >= 0 && number <= 999_999) change(number);
  });
  return field;
}
