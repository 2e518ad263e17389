/** The choice of noise: that of the pipeline with its settings, or any other kind. */
import type { NoiseSettings } from '../../schema/generated/settings.ts';
import type { Player } from '../player.ts';
import { labelled, make, makeButton, makeNumberField, makeSelect } from './dom.ts';
import { Slider, twoDecimals, type SliderOptions } from './slider.ts';
import { otherNoises, parametersOf, type Parameter } from '../page/noise-parameters.ts';

/** Undefined: no noise. */
export interface ChosenNoise {
  readonly settings: NoiseSettings | undefined;
  readonly seed: number;
}

export class NoiseControls {
  readonly element: HTMLElement;
  #chosen: ChosenNoise;
  readonly #player: Player;
  readonly #change: () => void;
  readonly #parameters = make('div', { class: 'sliders' });
  readonly #clip = make('input', { type: 'checkbox' });
  readonly #clipLabel = make('label', { class: 'check' });
  readonly #random: HTMLElement;

  constructor(player: Player, change: () => void) {
    this.#player = player;
    this.#change = change;
    const own = player.data.noise;
    const others = otherNoises(player.data);
    const options = [undefined, ...own.map(({ settings }) => settings), ...others];
    const texts = [
      'None',
      ...own.map(({ stage, settings }) => `${KINDS[settings.kind]}, as in ${stage}`),
      ...others.map(({ kind }) => KINDS[kind]),
    ];
    const select = makeSelect(texts, (index) => this.#choose(options[index]));
    const field = makeNumberField(1, (seed) => this.#set({ seed }));
    this.#random = make(
      'div',
      { class: 'actions' },
      makeButton('New noise', () => {
        field.value = String(this.#chosen.seed + 1);
        this.#set({ seed: this.#chosen.seed + 1 });
      }),
      labelled('Seed', field),
    );
    this.#clip.addEventListener('change', () => {
      const { settings } = this.#chosen;
      if (settings === undefined) return;
      this.#set({ settings: { ...settings, clip: this.#clip.checked ? this.#limits : null } });
    });
    // A denoiser begins with the noise that it has learned to remove.
    const first = player.data.denoiser && own.length > 0 ? 1 : 0;
    this.#chosen = { settings: options[first], seed: 1 };
    select.value = String(first);
    this.element = make(
      'fieldset',
      { class: 'noise' },
      make('legend', {}, 'Noise'),
      labelled('Kind', select),
      this.#parameters,
      this.#clipLabel,
      this.#random,
    );
    this.#showParameters();
  }

  get chosen(): ChosenNoise {
    return this.#chosen;
  }

  /** What is clipped to: the limits of the pipeline's noise, or the range of the images. */
  get #limits(): readonly [number, number] {
    return (
      this.#player.data.noise.find(({ settings }) => settings.clip !== null)?.settings.clip ??
      this.#player.data.outputRange
    );
  }

  #set(change: Partial<ChosenNoise>): void {
    this.#chosen = { ...this.#chosen, ...change };
    this.#change();
  }

  #choose(settings: NoiseSettings | undefined): void {
    this.#set({ settings });
    this.#showParameters();
  }

  #showParameters(): void {
    const { settings } = this.#chosen;
    const parameters = settings === undefined ? [] : parametersOf(settings, this.#player.data);
    this.#parameters.replaceChildren(...parameters.map((parameter) => this.#sliderFor(parameter)));
    const [low, high] = this.#limits;
    this.#clip.checked = settings?.clip !== null;
    this.#clipLabel.replaceChildren(this.#clip, `Clip to ${low} … ${high}`);
    this.#clipLabel.hidden = settings === undefined;
    this.#random.hidden = settings === undefined || settings.kind === 'blur';
  }

  #sliderFor({ label, low, high, value, step, logarithmic, set }: Parameter): HTMLElement {
    const options: SliderOptions = {
      label,
      low,
      high,
      value,
      text: step === 1 ? String : logarithmic === true ? (number) => String(Math.round(number)) : twoDecimals,
      change: (changed) => {
        const { settings } = this.#chosen;
        if (settings !== undefined) this.#set({ settings: set(settings, changed) });
      },
      ...(step === undefined ? {} : { step }),
      ...(logarithmic === undefined ? {} : { logarithmic }),
    };
    return new Slider(options).element;
  }
}

const KINDS: Readonly<Record<NoiseSettings['kind'], string>> = {
  gaussian: 'Gaussian',
  salt_and_pepper: 'Salt and pepper',
  masking: 'Masking',
  speckle: 'Speckle',
  poisson: 'Poisson',
  occlusion: 'Occlusion',
  blur: 'Blur',
};
