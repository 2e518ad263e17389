/** Measures how the time of a step grows with the batch size, the width of hidden layers, or the size of images. */
import { completeCase, type BenchCase, type WrittenCase } from './bench-case.ts';
import { rowsOf } from './data.ts';
import { flopsOf } from './flops.ts';
import { denseModel, stridedModel } from './models.ts';
import type { Result } from './results.ts';
import { table } from './table.ts';

export const AXES = ['batch', 'width', 'side'] as const;

export type Axis = (typeof AXES)[number];

/** Cases of one model that differ in one size. */
export interface Ladder {
  readonly name: string;
  readonly rungs: readonly { readonly size: number; readonly benchCase: BenchCase }[];
}

/** Arithmetic of one stretch: half a second at 100 GFLOP/s. */
const STRETCH = 50e9;

const MOST_STEPS = 400;

type Sized = Pick<WrittenCase, 'model' | 'batch'>;

const LADDERS: Readonly<
  Record<Axis, readonly { name: string; sizes: readonly number[]; at: (size: number) => Sized }[]>
> = {
  batch: [
    {
      name: 'dense',
      sizes: doubling(8, 1024),
      at: (batch) => ({ model: denseModel(), batch }),
    },
    {
      name: 'conv-stride2',
      sizes: doubling(8, 1024),
      at: (batch) => ({ model: stridedModel(), batch }),
    },
  ],
  width: [
    {
      name: '784-N-N-32-N-N-784',
      sizes: doubling(64, 4096),
      at: (width) => ({ model: denseModel({ widths: [width, width] }), batch: 32 }),
    },
  ],
  side: [
    {
      name: 'conv-stride2 NxNx1',
      sizes: doubling(8, 256),
      at: (side) => ({ model: stridedModel({ input: [side, side, 1] }), batch: 16 }),
    },
  ],
};

/** Cases for every size. `steps` overrides the number of steps, which otherwise depends on the arithmetic. */
export function laddersOf(axis: Axis, steps?: number): readonly Ladder[] {
  return LADDERS[axis].map(({ name, sizes, at }) => ({
    name,
    rungs: sizes.map((size) => {
      const written = { name: `${name} ${axis} ${size}`, ...at(size), data: 'uniform' as const };
      const one = completeCase({ ...written, optimizer: 'adam', loss: 'mse', steps: 1 });
      const enough = Math.ceil(STRETCH / flopsOf(one));
      const most = Math.floor(rowsOf(one) / one.batch);
      return { size, benchCase: { ...one, steps: Math.min(steps ?? Math.min(enough, MOST_STEPS), most) } };
    }),
  }));
}

/** The time of one engine at one size. */
export interface Point {
  readonly size: number;
  readonly flops: number;
  readonly ms: number;
}

export interface Growth extends Point {
  /** Slope of log(time) against log(size), from the previous size: 1 if twice the size takes twice as long. */
  readonly slope?: number;
  /** Growth of the time from the previous size, divided by the growth of the arithmetic. */
  readonly excess?: number;
}

export function growthOf(points: readonly Point[]): readonly Growth[] {
  return points.map((point, index) => {
    const before = points[index - 1];
    if (before === undefined) return point;
    const times = point.ms / before.ms;
    return {
      ...point,
      slope: Math.log(times) / Math.log(point.size / before.size),
      excess: times / (point.flops / before.flops),
    };
  });
}

/** If the time grows by more than this factor relative to the arithmetic, it is a cliff. */
const CLIFF = 1.5;

/** A table of one ladder, ordered by engine and size. */
export function growthTable({ name, rungs }: Ladder, axis: Axis, results: readonly Result[]): string {
  const engines = [...new Set(results.map(({ engine }) => engine))];
  const rows = engines.flatMap((engine) => {
    const points = rungs.flatMap(({ size, benchCase }) => {
      const found = results.find((each) => each.case === benchCase.name && each.engine === engine);
      return found === undefined ? [] : [{ size, flops: flopsOf(benchCase), ms: found.msPerStep }];
    });
    return growthOf(points).map(({ size, flops, ms, slope, excess = 0 }, index) => [
      index === 0 ? engine : '',
      String(size),
      ms.toFixed(3),
      slope?.toFixed(2) ?? '',
      (flops / 1e6).toFixed(1),
      (flops / ms / 1e6).toFixed(1),
      excess > CLIFF ? `cliff: ${excess.toFixed(1)} times what the arithmetic explains` : '',
    ]);
  });
  return table([name, axis, 'ms per step', 'slope', 'MFLOP per step', 'GFLOP/s', ''], rows);
}

function doubling(first: number, last: number): readonly number[] {
  return first > last ? [] : [first, ...doubling(first * 2, last)];
}
