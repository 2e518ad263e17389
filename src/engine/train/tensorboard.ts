/**
 * TensorBoard event files: TensorFlow's record format around `Event` messages (tensorflow/core/lib/io/record_writer.h and
 * tensorflow/core/util/event.proto). Only what scalars need is written, and nothing that differs from run to run: an event's
 * wall time, which TensorBoard offers as one of three x-axes, is its step in seconds.
 */
import { maskedCrc } from '../../formats/crc32c.ts';
import {
  bytesField,
  concat,
  floatField,
  integerField,
  messageField,
  type Field,
} from '../../formats/protobuf.ts';

/** A number at a step, under a tag such as `epoch_loss`. */
export interface ScalarEvent {
  readonly tag: string;
  /** An integer, 0 or more. */
  readonly step: number;
  /** Kept as float32. */
  readonly value: number;
}

/** TensorBoard reads files whose names contain `tfevents`; Keras adds the time and the host to them. */
export const EVENT_FILE = 'events.out.tfevents.0.hourglass';

/** The bytes of a whole event file. */
export function encodeEvents(events: readonly ScalarEvent[]): Buffer {
  // The first event tells the version of the format.
  const version = concat([wallTime(0), bytesField(3, 'brain.Event:2')]);
  return Buffer.concat([version, ...events.map(encodeScalar)].map(encodeRecord));
}

/** An `Event` (step = 2, summary = 5) that holds one `Summary.Value` (tag = 1, simple_value = 2). */
function encodeScalar({ tag, step, value }: ScalarEvent): Uint8Array {
  const scalar = [bytesField(1, tag), floatField(2, value)];
  return concat([wallTime(step), integerField(2, step), messageField(5, [messageField(1, scalar)])]);
}

/** `wall_time`, field 1 of an `Event`: a double, whose wire type is 1. */
function wallTime(seconds: number): Field {
  const field = Buffer.alloc(9, (1 << 3) | 1);
  field.writeDoubleLE(seconds, 1);
  return field;
}

/** Length (uint64), its checksum, data, its checksum; little-endian. */
function encodeRecord(data: Uint8Array): Buffer {
  const record = Buffer.alloc(data.length + 16);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc(data), data.length + 12);
  return record;
}
