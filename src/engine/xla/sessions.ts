/**
 * Loops that are loaded into TensorFlow. XLA takes a second or two to compile one, so an unused loop is kept for a
 * while: the next trial of a sweep takes it over if it has the same program.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binding } from '../tensorflow/addon.ts';

/** How many loops are kept although nothing uses them. */
const MAX_IDLE = 4;

export class Sessions {
  readonly #binding: Binding;
  /** By the hash of their bytes, the most recently used one at the end. */
  readonly #idle = new Map<string, number>();

  constructor(binding: Binding) {
    this.#binding = binding;
  }

  /**
   * Loads a SavedModel, or takes over an equal one that is idle.
   *
   * @throws Error with TensorFlow's message, or of the file system
   */
  take(bytes: Uint8Array): Session {
    const key = createHash('sha256').update(bytes).digest('hex');
    const kept = this.#idle.get(key);
    this.#idle.delete(key);
    return { key, id: kept ?? this.#load(bytes), isWarm: kept !== undefined };
  }

  /** Keeps a loop for the next equal request. */
  giveBack({ key, id }: Session): void {
    if (this.#idle.has(key)) return this.discard(id);
    this.#idle.set(key, id);
    const [oldest] = this.#idle;
    if (this.#idle.size <= MAX_IDLE || oldest === undefined) return;
    this.#idle.delete(oldest[0]);
    this.discard(oldest[1]);
  }

  discard(id: number): void {
    this.#binding.deleteSavedModel(id);
  }

  #load(bytes: Uint8Array): number {
    const folder = mkdtempSync(join(tmpdir(), 'hourglass-graph-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), bytes);
      return this.#binding.loadSavedModel(folder, 'serve');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

export interface Session {
  readonly key: string;
  /** The addon's number for it. */
  readonly id: number;
  /** Whether it has been run before, and is therefore compiled. */
  readonly isWarm: boolean;
}

const sessions = new WeakMap<Binding, Sessions>();

/** Those of one TensorFlow. */
export function sessionsOf(binding: Binding): Sessions {
  const known = sessions.get(binding) ?? new Sessions(binding);
  sessions.set(binding, known);
  return known;
}
