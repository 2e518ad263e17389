/** Pictures to start with where one has none yet: a disc, a square or a triangle in a colour of its own on gray. */
import { deriveSeed } from '../../core/seed.ts';
import { Philox } from '../../core/philox.ts';
import { encodePng } from '../../figures/png.ts';

const SIDE = 64;
const COUNT = 600;

/** The distance of a point from a shape, in units of its size; negative inside. */
const SHAPES: Readonly<Record<string, (x: number, y: number) => number>> = {
  disc: (x, y) => Math.hypot(x, y) - 1,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) - 0.85,
  triangle: (x, y) => Math.max(y - 0.7, Math.abs(x) * 1.5 - (y + 1) * 0.85),
};

/** Red, green or blue of a hue, from 0 to 1: a bright colour, since pale ones differ so little that they are learned last. */
function brightness(hue: number, channel: number): number {
  const share = Math.abs(((hue * 6 + 6 - 2 * channel) % 6) - 3) - 1;
  return 60 + 185 * Math.min(1, Math.max(0, share));
}

/** PNG files by path. */
export function exampleImages(): ReadonlyMap<string, Uint8Array> {
  const random = new Philox(deriveSeed(0, 'init', 'example-images'));
  const names = Object.keys(SHAPES);
  const files = new Map<string, Uint8Array>();
  for (let index = 0; index < COUNT; index++) {
    const name = names[index % names.length] ?? '';
    const number = String(Math.floor(index / names.length) + 1).padStart(3, '0');
    files.set(`images/${name}-${number}.png`, drawShape(SHAPES[name] ?? (() => 1), random));
  }
  return files;
}

function drawShape(shape: (x: number, y: number) => number, random: Philox): Uint8Array {
  const draws = new Float32Array(5);
  random.uniform(draws);
  const [left = 0, top = 0, scale = 0, gray = 0, hue = 0] = draws;
  const radius = SIDE * (0.26 + 0.12 * scale);
  const [x, y] = [left, top].map((share) => SIDE * (0.4 + 0.2 * share)) as [number, number];
  const background = 20 + 60 * gray;
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    const [row, column] = [Math.floor(pixel / SIDE), pixel % SIDE];
    const distance = shape((column + 0.5 - x) / radius, (row + 0.5 - y) / radius) * radius;
    // A pixel on the edge is half covered.
    const cover = Math.min(1, Math.max(0, 0.5 - distance));
    for (let channel = 0; channel < 3; channel++) {
      pixels[pixel * 3 + channel] = Math.round(background + cover * (brightness(hue, channel) - background));
    }
  }
  return encodePng({ width: SIDE, height: SIDE, channels: 3, pixels });
}
