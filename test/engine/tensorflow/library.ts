/** Small libraries of the system's compiler. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '../../nodes/context.ts';

export function compile(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('c++', args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

/** A library with functions, data, an exception, a constructor, a variable of each thread, and tables for debuggers. */
export function library(t: TestContext): { readonly folder: string; readonly path: string } {
  const folder = temporaryFolder(t);
  const source = join(folder, 'library.cc');
  writeFileSync(
    source,
    `#include <stdexcept>
     static int started = 0;
     struct Starter { Starter() { started = 40; } } starter;
     thread_local int calls = 0;
     static int hidden(int x) { if (x < 0) throw std::runtime_error("negative"); return x; }
     extern "C" int total(int x) { try { calls++; return started + hidden(x); } catch (const std::exception&) { return -calls; } }`,
  );
  const path = join(folder, 'libtotal.so.2');
  compile('-shared', '-fPIC', '-g', '-O1', source, '-o', path);
  return { folder, path };
}
