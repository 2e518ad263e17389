/** A running pipeline, from its events: shown on its page until there is a report. */
import { join } from 'node:path';
import type { Progress, RunEvent } from '../../core/event.ts';
import { formatCount, formatNumber, formatSeconds } from '../../core/format.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Notes } from '../../core/notes.ts';
import { withinBudget } from '../budget.ts';
import type { Exhibit } from '../exhibit.ts';
import { drawCurves } from '../exhibits.ts';
import { placeText } from '../log.ts';
import { svgPicture } from '../picture.ts';
import { readFiles, sourcesOf } from '../read.ts';
import type { Activity, Problem, Report, ReportStage, StageState } from '../report.ts';
import { sourceFacts, WrittenPipeline, type WrittenFile } from '../written.ts';

/** What is known about a run before it begins. */
export interface LiveOptions {
  /** Absolute path of `outputs/<name>`. */
  readonly folder: string;
  readonly name: string;
  readonly description?: string;
  readonly notes: Notes;
  /** The pipeline file, without its folder. */
  readonly file: string;
  /** The pipeline file and the files that it extends. */
  readonly sources: readonly WrittenFile[];
  readonly seed: number;
  readonly overrides: readonly string[];
  readonly stages: readonly {
    readonly name: string;
    readonly settings: JsonObject & { readonly type: string };
    /** The stages that it refers to, by the setting that names them. */
    readonly inputs: Readonly<Record<string, string>>;
  }[];
}

/** One row per finished epoch: number, loss, validation loss. */
type Epoch = readonly [number, number, number];

interface LiveStage {
  state: StageState;
  seconds?: number;
  epochsKept?: number | undefined;
  metrics: Readonly<Record<string, number>>;
  highlights: readonly string[];
  /** The folder that it writes to while it runs. */
  draft?: string;
  progress?: Progress;
  epochs: Epoch[];
  /** The exhibits of its finished files, read once. */
  result?: Pick<ReportStage, 'exhibits' | 'files'>;
}

export class LiveRun {
  readonly #options: LiveOptions;
  readonly #written: WrittenPipeline;
  readonly #stages: ReadonlyMap<string, LiveStage>;
  readonly #started = Date.now();
  readonly #problems: Problem[] = [];
  #activity: Activity = { text: 'Preparing' };

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#written = new WrittenPipeline(options.sources.map(({ text }) => text));
    this.#stages = new Map(
      options.stages.map(({ name }) => [name, { state: 'waiting', metrics: {}, highlights: [], epochs: [] }]),
    );
  }

  take(event: RunEvent): void {
    if (event.type === 'engine-progress') {
      const { step, fraction, done } = event;
      const known = fraction === undefined ? {} : { fraction };
      this.#activity = { text: '', ...(done === true ? {} : { text: `TensorFlow: ${step}`, ...known }) };
    } else if (event.type === 'run-started') {
      this.#activity = { text: '' };
    } else if (event.type === 'diagnostic') {
      const { severity, code, message, hint, stage, range } = event.diagnostic;
      this.#problems.push({
        severity,
        code,
        message,
        ...(hint === undefined ? {} : { hint }),
        ...(stage === undefined ? {} : { stage }),
        ...(range === undefined ? {} : { place: placeText(range.file, range.start.line) }),
      });
    } else if ('stage' in event && event.stage !== undefined) {
      const stage = this.#stages.get(event.stage);
      if (stage !== undefined) follow(stage, event);
    }
  }

  /** The current content of the page. */
  async read(): Promise<Report> {
    const { name, description, notes, file, sources, seed, overrides } = this.#options;
    const stages: ReportStage[] = [];
    for (const described of this.#options.stages) {
      const stage = this.#stages.get(described.name);
      if (stage === undefined) continue;
      const { state, seconds, metrics, epochsKept } = stage;
      const told = notes.stages.get(described.name);
      stages.push({
        name: described.name,
        ...(told === undefined ? {} : { notes: told }),
        type: described.settings.type,
        inputs: described.inputs,
        settings: this.#written.settingsOf(described.name, described.settings, overrides),
        written: this.#written.linesOf(described.name),
        state,
        metrics,
        ...(epochsKept === undefined ? {} : { epochsKept }),
        ...(state === 'done' && seconds !== undefined ? { seconds } : {}),
        ...(state === 'running' ? { activity: describe(stage.progress ?? {}) } : {}),
        ...(await this.#shown(described.name, stage)),
      });
    }
    return {
      name,
      ...(description === undefined ? {} : { description }),
      ...(notes.pipeline === undefined ? {} : { notes: notes.pipeline }),
      file,
      status: 'running',
      activity: this.#activity,
      started: this.#started,
      seed,
      overrides,
      versions: {},
      otherVersions: [],
      threads: [],
      stages: withinBudget(stages),
      problems: this.#problems,
      ...sourceFacts(sources, overrides),
    };
  }

  async #shown(name: string, stage: LiveStage): Promise<Pick<ReportStage, 'exhibits' | 'files'>> {
    if (stage.state === 'done') {
      const { folder, stages } = this.#options;
      const sources = sourcesOf(name, stages).map((source) => join(folder, source));
      stage.result ??= await readFiles(join(folder, name), name, stage.highlights, sources);
      return stage.result;
    }
    if (stage.state !== 'running' || stage.draft === undefined) return { exhibits: [], files: [] };
    const { exhibits } = await readFiles(stage.draft, name, [], []);
    // Files that are being written look damaged, and a history is useful only when it is complete.
    const whole = exhibits.filter(({ kind }) => kind === 'figure' || kind === 'series');
    return { exhibits: [...curvesOf(stage.epochs), ...whole], files: [] };
  }
}

function follow(stage: LiveStage, event: RunEvent): void {
  switch (event.type) {
    case 'stage-started':
      Object.assign(stage, { state: 'running', epochs: [], draft: event.folder, progress: undefined });
      delete stage.result;
      return;
    case 'stage-progress': {
      const { progress } = event;
      stage.progress = progress;
      if (progress.epochEnd !== true || progress.epoch === undefined) return;
      stage.epochs.push([progress.epoch, progress.loss ?? Number.NaN, progress.validationLoss ?? Number.NaN]);
      return;
    }
    case 'stage-finished':
      stage.state = event.state === 'ran' || event.state === 'cached' ? 'done' : event.state;
      stage.seconds = event.seconds;
      stage.metrics = event.metrics ?? {};
      stage.epochsKept = event.epochsKept;
      stage.highlights = event.artifacts ?? [];
      delete stage.result;
      return;
    default:
  }
}

function curvesOf(epochs: readonly Epoch[]): readonly Exhibit[] {
  const curves = drawCurves(['epoch', 'loss', 'val_loss'], epochs, undefined);
  return curves === undefined ? [] : [{ kind: 'curves', picture: svgPicture('history.csv', curves.svg) }];
}

/** `epoch 3 of 6, loss 0.0428, 8,000 samples/s, 12 s left` */
function describe(progress: Progress): Activity {
  const { text, epoch, epochs, loss, validationLoss, samplesPerSecond, secondsLeft, fraction } = progress;
  const told = [
    ...(epoch === undefined ? [] : [`epoch ${epoch}${epochs === undefined ? '' : ` of ${epochs}`}`]),
    ...(loss === undefined ? [] : [`loss ${formatNumber(loss)}`]),
    ...(validationLoss === undefined ? [] : [`validation loss ${formatNumber(validationLoss)}`]),
    ...(text === undefined ? [] : [text]),
    ...(samplesPerSecond === undefined ? [] : [`${formatCount(samplesPerSecond)} samples/s`]),
    ...(secondsLeft === undefined ? [] : [`${formatSeconds(secondsLeft)} left`]),
  ];
  return {
    text: told.length === 0 ? 'running' : told.join(', '),
    ...(fraction === undefined ? {} : { fraction }),
  };
}
