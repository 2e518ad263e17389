import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutNotes } from '../../../src/engine/tensorflow/log-filter.ts';

const NOTES = [
  'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
  'I0000 00:00:1795447768.650598   26540 port.cc:153] oneDNN custom operations are on.',
  'W0000 00:00:1795447768.650598   26540 cpu_allocator.cc:84] Allocation exceeds 10% of free system memory.',
  '2026-11-23 15:28:18.123456: I tensorflow/core/util/port.cc:113] oneDNN custom operations are on.',
];

const KEPT = [
  'F0000 00:00:1795447768.650598   26540 cpu_feature_guard.cc:1] built for AVX, which this machine lacks',
  'E0000 00:00:1795447768.650598   26540 kernel.cc:1] failed',
  '2026-11-23 15:28:18.123456: F tensorflow/core/framework/tensor.cc:1] Check failed: 1 == 2',
  'Error: something else',
  'WARNING: something else',
  '',
];

test("TensorFlow's notes and warnings are removed; its errors, and other lines, are kept", () => {
  const mixed = KEPT.flatMap((line, index) => [NOTES[index % NOTES.length] ?? '', line]);
  for (const lineEnd of ['\n', '\r\n']) assert.equal(withoutNotes(mixed.join(lineEnd)), KEPT.join('\n'));
  assert.equal(withoutNotes(''), '');
});
