/** Sliders with a label and their value as text. */
import { make, newId } from './dom.ts';

export interface SliderOptions {
  readonly label: string;
  readonly low: number;
  readonly high: number;
  readonly value: number;
  /** Of whole numbers 1; without it, the slider has 200 steps. */
  readonly step?: number;
  /** Whether each step multiplies instead of adding: for values that range over powers of ten. */
  readonly logarithmic?: boolean;
  readonly text?: (value: number) => string;
  readonly change: (value: number) => void;
}

const STEPS = 200;

export class Slider {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  readonly #output = make('output', {});
  readonly #options: SliderOptions;

  constructor(options: SliderOptions) {
    this.#options = options;
    const id = newId();
    const [low, high] = [this.#toPlace(options.low), this.#toPlace(options.high)];
    this.input = make('input', {
      type: 'range',
      id,
      min: low,
      max: high,
      step: options.step ?? ((high - low) / STEPS || 1),
    });
    this.#output.htmlFor.add(id);
    this.element = make(
      'div',
      { class: 'slider' },
      make('label', { for: id }, options.label),
      this.input,
      this.#output,
    );
    this.input.addEventListener('input', () => {
      const value = this.value;
      this.#showText(value);
      options.change(value);
    });
    this.value = options.value;
  }

  get value(): number {
    const place = Number(this.input.value);
    return this.#options.logarithmic === true ? 10 ** place : place;
  }

  /** Moves the slider without a call of `change`. A value beyond its ends is shown as text, and the slider stays at the end. */
  set value(value: number) {
    this.input.value = String(this.#toPlace(value));
    this.#showText(value);
  }

  #toPlace(value: number): number {
    return this.#options.logarithmic === true ? Math.log10(value) : value;
  }

  #showText(value: number): void {
    const text = (this.#options.text ?? twoDecimals)(value);
    this.#output.value = text;
    this.input.setAttribute('aria-valuetext', text);
  }
}

/** With a minus sign, and without a negative zero. */
export function twoDecimals(value: number): string {
  const text = Math.abs(value).toFixed(2);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}
