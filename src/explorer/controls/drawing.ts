/** A field to draw an image on, in the pixels of the model's images: by pointer, by touch, or by keyboard. */
import type { Player } from '../player.ts';
import { labelled, make, makeButton, onceAFrame } from './dom.ts';
import { paint } from './picture.ts';
import { Slider } from './slider.ts';

/** A stroke is drawn this many times as large and then averaged, so that its edges are soft, like those of scanned digits. */
const FINENESS = 8;

const HELP =
  'Draw with the mouse or a finger. By keyboard, the arrow keys move the pen, Space held down draws, and Delete clears.';

type Place = readonly [x: number, y: number];

export class Drawing {
  readonly element: HTMLElement;
  readonly #player: Player;
  readonly #change: () => void;
  readonly #canvas: HTMLCanvasElement;
  readonly #fine: HTMLCanvasElement;
  readonly #cursor = make('span', { class: 'cursor', hidden: true });
  readonly #color: HTMLInputElement | undefined;
  /** The intensity of the empty field, from 0 to 255. */
  readonly #paper: number;
  #width: number;
  #pixels: Float32Array;
  /** Where the pen is, in pixels of the image. */
  #pen: Place;
  #isDown = false;
  readonly #update = onceAFrame(() => this.#read());

  constructor(player: Player, change: () => void) {
    this.#player = player;
    this.#change = change;
    const [height, width, channels] = player.data.input;
    this.#canvas = make('canvas', { width, height });
    this.#fine = make('canvas', { width: width * FINENESS, height: height * FINENESS });
    this.#paper = Math.round(borderOf(player));
    this.#color =
      channels === 3
        ? make('input', { type: 'color', value: this.#paper < 128 ? '#ffffff' : '#000000' })
        : undefined;
    this.#pixels = new Float32Array(player.inputSize);
    this.#pen = [width / 2, height / 2];
    this.#width = Math.max(1, Math.round(Math.min(width, height) / 6) / 2);
    this.#addPointer();
    this.#addKeys();
    const slider = new Slider({
      label: 'Pen (pixels)',
      low: 1,
      high: Math.max(2, Math.min(width, height) / 4),
      step: 0.5,
      value: this.#width,
      text: (value) => value.toFixed(1),
      change: (value) => (this.#width = value),
    });
    this.element = make(
      'div',
      { class: 'drawing' },
      make('div', { class: 'paper' }, this.#canvas, this.#cursor),
      slider.element,
      make(
        'div',
        { class: 'actions' },
        makeButton('Clear', () => this.clear()),
        ...(this.#color === undefined ? [] : [labelled('Colour', this.#color)]),
      ),
      make('p', { class: 'quiet' }, HELP),
    );
    this.clear();
  }

  /** In the model's own numbers. */
  get pixels(): Float32Array {
    return this.#pixels;
  }

  clear(): void {
    const context = this.#context;
    if (context === null) return;
    context.fillStyle = `rgb(${this.#paper} ${this.#paper} ${this.#paper})`;
    context.fillRect(0, 0, this.#fine.width, this.#fine.height);
    this.#update();
  }

  get #context(): CanvasRenderingContext2D | null {
    return this.#fine.getContext('2d', { willReadFrequently: true });
  }

  #addPointer(): void {
    const canvas = this.#canvas;
    const placeOf = (event: PointerEvent): Place => {
      const box = canvas.getBoundingClientRect();
      const [height, width] = this.#player.data.input;
      return [
        ((event.clientX - box.left) / box.width) * width,
        ((event.clientY - box.top) / box.height) * height,
      ];
    };
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#cursor.hidden = true;
      this.#pen = placeOf(event);
      this.#strokeTo(this.#pen);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      // A browser reports several movements at once; each is a part of the stroke.
      const parts = event.getCoalescedEvents();
      for (const part of parts.length === 0 ? [event] : parts) this.#strokeTo(placeOf(part));
    });
  }

  #addKeys(): void {
    const canvas = this.#canvas;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    const [height, width] = this.#player.data.input;
    canvas.setAttribute('aria-label', `Drawing of ${width} by ${height} pixels`);
    canvas.setAttribute('aria-description', HELP);
    canvas.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || !this.#press(event.key)) return;
      event.preventDefault();
    });
    canvas.addEventListener('keyup', (event) => {
      if (event.key === ' ') this.#isDown = false;
    });
    canvas.addEventListener('blur', () => {
      this.#isDown = false;
      this.#cursor.hidden = true;
    });
  }

  /** Returns whether the key has a meaning here. */
  #press(key: string): boolean {
    const [x, y] = this.#pen;
    const steps: Readonly<Record<string, Place>> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const step = steps[key];
    if (step !== undefined) {
      const [height, width] = this.#player.data.input;
      const next: Place = [clamp(x + step[0], width), clamp(y + step[1], height)];
      if (this.#isDown) this.#strokeTo(next);
      this.#pen = next;
    } else if (key === ' ') {
      this.#isDown = true;
      this.#strokeTo(this.#pen);
    } else if (key === 'Delete' || key === 'Backspace') {
      this.clear();
    } else {
      return false;
    }
    this.#showCursor();
    return true;
  }

  #showCursor(): void {
    const [height, width] = this.#player.data.input;
    const [x, y] = this.#pen;
    this.#cursor.hidden = false;
    this.#cursor.style.left = `${(100 * x) / width}%`;
    this.#cursor.style.top = `${(100 * y) / height}%`;
  }

  #strokeTo(place: Place): void {
    const context = this.#context;
    if (context === null) return;
    const ink = this.#paper < 128 ? 255 : 0;
    const color = this.#color?.value ?? `rgb(${ink} ${ink} ${ink})`;
    context.strokeStyle = color;
    context.fillStyle = color;
    context.lineWidth = this.#width * FINENESS;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(this.#pen[0] * FINENESS, this.#pen[1] * FINENESS);
    context.lineTo(place[0] * FINENESS, place[1] * FINENESS);
    context.stroke();
    // A line without length is not drawn.
    context.beginPath();
    context.arc(place[0] * FINENESS, place[1] * FINENESS, (this.#width * FINENESS) / 2, 0, 2 * Math.PI);
    context.fill();
    this.#pen = place;
    this.#update();
  }

  /** Averages what was drawn to the pixels of the image. */
  #read(): void {
    const [height, width, channels] = this.#player.data.input;
    const { scale, offset } = this.#player.data.images;
    const drawn = this.#context?.getImageData(0, 0, this.#fine.width, this.#fine.height).data;
    if (drawn === undefined) return;
    this.#pixels = Float32Array.from({ length: height * width * channels }, (_, index) => {
      const channel = index % channels;
      const [column, row] = [Math.floor(index / channels) % width, Math.floor(index / channels / width)];
      let sum = 0;
      for (let down = 0; down < FINENESS; down++) {
        const start = ((row * FINENESS + down) * width + column) * FINENESS;
        for (let across = 0; across < FINENESS; across++)
          sum += drawn[4 * (start + across) + Math.min(channel, 2)] ?? 0;
      }
      return (sum / FINENESS ** 2) * scale + offset;
    });
    paint(this.#canvas, this.#player.paint(this.#pixels, 'input'));
    this.#change();
  }
}

/** The median intensity at the border of the images, from 0 to 255: what lies around their subjects. */
function borderOf(player: Player): number {
  const { input, images } = player.data;
  const [height, width, channels] = input;
  const values: number[] = [];
  for (let index = 0; index < Math.min(20, images.count); index++) {
    for (const [place, value] of player.image(index).entries()) {
      const [column, row] = [Math.floor(place / channels) % width, Math.floor(place / channels / width)];
      if (column === 0 || row === 0 || column === width - 1 || row === height - 1)
        values.push((value - images.offset) / images.scale);
    }
  }
  return values.sort((one, other) => one - other)[values.length >> 1] ?? 0;
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}
