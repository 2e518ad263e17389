/** What the report shows of a stage. The kinds depend only on its files, not on its type. */

/** A picture that is known to be intact. */
export interface Picture {
  /** Path relative to the stage's folder. */
  readonly path: string;
  readonly mime: 'image/png' | 'image/svg+xml';
  readonly data: Buffer;
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** A description of the picture. */
  readonly alt: string;
}

/** One picture of a series: `previews/epoch-012`. */
export interface Frame {
  readonly number: number;
  readonly picture: Picture;
  /** Metrics at this number, if a history contains them. */
  readonly measured: Readonly<Record<string, number>>;
}

export interface Cell {
  readonly text: string;
  readonly numeric: boolean;
  /** Shown before the text. */
  readonly prefix?: string;
  /** The full content, if the text is an abbreviation: shown on demand. */
  readonly full?: string;
  /** Links instead of the text, to pages below the page's folder; their paths have only safe characters. */
  readonly links?: readonly { readonly text: string; readonly path: string }[];
}

export interface TableExhibit {
  readonly kind: 'table';
  /** The source file. */
  readonly path: string;
  readonly columns: readonly string[];
  /** Rows; the first cell is the heading of the row. */
  readonly rows: readonly (readonly Cell[])[];
  /** The number of rows in the file that are not shown. */
  readonly omitted: number;
  /** Whether it is expanded at first. */
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
      /** The unit of the number: `epoch`. */
      readonly counts: string;
      readonly frames: readonly Frame[];
      /** The number of pictures that are not shown, to keep the report small. */
      readonly omitted: number;
      /** Other pictures in the same folder: the inputs. */
      readonly beside: readonly Picture[];
    }
  | { readonly kind: 'curves'; readonly picture: Picture }
  | {
      readonly kind: 'map';
      readonly picture: Picture;
      /** Images of some points: tiles of one PNG, row by row; absent if the images are unknown. */
      readonly tiles?: {
        readonly data: Buffer;
        readonly columns: number;
        /** Size of a tile in pixels. */
        readonly width: number;
        readonly height: number;
        /** Sorted from left to right; point n belongs to tile n. */
        readonly points: readonly MapPoint[];
      };
    }
  | { readonly kind: 'models'; readonly path: string; readonly models: readonly ModelTable[] }
  | { readonly kind: 'text'; readonly path: string; readonly text: string }
  | TableExhibit
  /** A file that cannot be shown. */
  | { readonly kind: 'unshown'; readonly path: string; readonly reason: string };
