/** What a stage has to show. Which kinds it has follows from its files alone, whatever its type. */

/** A picture that is known to be whole. */
export interface Picture {
  /** Relative to the stage's folder. */
  readonly path: string;
  readonly mime: 'image/png' | 'image/svg+xml';
  readonly data: Buffer;
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** What is to be seen, in words. */
  readonly alt: string;
}

/** One picture of a series: `previews/epoch-012`. */
export interface Frame {
  readonly number: number;
  readonly picture: Picture;
  /** Measured at that number, where a history has it. */
  readonly measured: Readonly<Record<string, number>>;
}

export interface Cell {
  readonly text: string;
  readonly numeric: boolean;
  /** Written before the text. */
  readonly prefix?: string;
  /** What the text stands for, where that is longer: shown on demand. */
  readonly full?: string;
  /** In place of the text: links to pages below the page's folder, by paths of harmless characters. */
  readonly links?: readonly { readonly text: string; readonly path: string }[];
}

export interface TableExhibit {
  readonly kind: 'table';
  /** The file it comes from. */
  readonly path: string;
  readonly columns: readonly string[];
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly Cell[])[];
  /** Rows of the file that are not shown. */
  readonly omitted: number;
  /** Whether a user wants to see it at first sight. */
  readonly main: boolean;
}

export interface ModelTable {
  readonly name: string;
  readonly layers: readonly {
    readonly name: string;
    readonly type: string;
    readonly shape: string;
    readonly parameters: string;
  }[];
  /** `Total params: 55,008 (214.88 KB)` and the like. */
  readonly totals: readonly string[];
}

export interface MapPoint {
  /** In CSS pixels of the picture. */
  readonly x: number;
  readonly y: number;
  /** The class. */
  readonly label?: string;
}

export type Exhibit =
  | { readonly kind: 'figure'; readonly picture: Picture }
  | {
      readonly kind: 'series';
      /** What the number counts: `epoch`. */
      readonly counts: string;
      readonly frames: readonly Frame[];
      /** Pictures of the series that are not shown, so that the report stays small. */
      readonly omitted: number;
      /** Pictures in the same folder: what went in. */
      readonly beside: readonly Picture[];
    }
  | { readonly kind: 'curves'; readonly picture: Picture }
  | {
      readonly kind: 'map';
      readonly picture: Picture;
      /** Images of some points: tiles of one PNG, row by row; absent where the images are not known. */
      readonly tiles?: {
        readonly data: Buffer;
        readonly columns: number;
        /** Of a tile, in pixels. */
        readonly width: number;
        readonly height: number;
        /** From left to right; point n belongs to tile n. */
        readonly points: readonly MapPoint[];
      };
    }
  | { readonly kind: 'models'; readonly path: string; readonly models: readonly ModelTable[] }
  | { readonly kind: 'text'; readonly path: string; readonly text: string }
  | TableExhibit
  /** A file that cannot be shown. */
  | { readonly kind: 'unshown'; readonly path: string; readonly reason: string };
