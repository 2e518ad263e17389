/** The environment of a run, as far as results may depend on it. It does not say who made the run, or when. */
import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release } from 'node:os';
import type { RunRecord } from '../artifacts/run-record.ts';
import { packageVersion } from '../core/package-root.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import type { Environment, PackedEngine, PackedProcessor } from './generated/types.ts';
import { packagesHash } from './packages.ts';

/** Vector instructions that decide which kernels TensorFlow uses. */
const VECTOR = /^(?:s?sse\w*|avx\w*|fma\w*|f16c|amx\w*|neon|asimd\w*|sve\w*|bf16|i8mm|fphp)$/;

export const isVectorFeature = (name: string): boolean => VECTOR.test(name);

/** The environment of a run on this machine; undefined if its record names no engine. */
export function environmentOf(run: RunRecord): Environment | undefined {
  const engine = readEngine(run.engine);
  if (engine === undefined) return undefined;
  return {
    hourglass: run.versions['hourglass'] ?? 'unknown',
    node: run.versions['node'] ?? 'unknown',
    system: [`${platform()}-${arch()}`, release(), cLibrary()].filter((part) => part !== '').join(' '),
    processor: processor(),
    engine,
    packages: packagesHash(),
  };
}

function readEngine(value: JsonObject | undefined): PackedEngine | undefined {
  const { kind, version, platform: system } = value ?? {};
  return (kind === 'native' || kind === 'portable') &&
    typeof version === 'string' &&
    typeof system === 'string'
    ? { kind, version, platform: system }
    : undefined;
}

export function processor(): PackedProcessor {
  // For other engines, that name may come from the user.
  const cpuinfo = process.platform === 'linux' ? readText('/proc/cpuinfo') : '';
  return { model: cpus()[0]?.model.trim() ?? 'unknown', features: vectorFeatures(cpuinfo) };
}

/** The vector instructions that Linux lists, sorted. Other systems list none, so only the processor's name is known. */
export function vectorFeatures(cpuinfo: string): readonly string[] {
  const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  return line.split(' ').filter(isVectorFeature).sort();
}

function cLibrary(): string {
  const report: unknown = process.report?.getReport();
  const header: unknown = isJsonObject(report) ? report['header'] : undefined;
  const version = isJsonObject(header) ? header['glibcVersionRuntime'] : undefined;
  return typeof version === 'string' ? `glibc ${version}` : '';
}

/** Versions of this Hourglass and of Node.js, as in `run.json`. */
export function softwareVersions(): { readonly hourglass: string; readonly node: string } {
  return { hourglass: packageVersion, node: process.versions.node };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
