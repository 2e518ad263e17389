/** Small stand-ins for TensorFlow's wheel. */
import { crc32, deflateRawSync } from 'node:zlib';
import { PLATFORM, WHEELS, type WheelPin } from '../../../src/engine/tensorflow/pins.ts';

/** The parts of a wheel that are used; libraries of another platform if this one has no wheel. */
export const PIN: WheelPin = WHEELS[PLATFORM] ?? {
  name: 'tensorflow',
  version: '1.0.0',
  title: 'TensorFlow',
  tag: 'any',
  sha256: '0'.repeat(64),
  megabytes: 1,
  libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
};

/** Content by the name that it has in the wheel. */
export type Members = Readonly<Record<string, string | Uint8Array>>;

/** What Hourglass takes of a wheel, and some that it leaves. */
export const MEMBERS: Members = {
  [`tensorflow/${PIN.libraries[0]}`]: 'the library'.repeat(100),
  [`tensorflow/${PIN.libraries[1]}`]: 'the framework',
  'tensorflow/include/tensorflow/c/c_api.h': '// header',
  'tensorflow/include/other/unused.h': '// not needed',
  'tensorflow/python/__init__.py': 'not needed',
};

const DEFLATED = 8;

/** A zip file, compressed as wheels are. */
export function zip(members: Members): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(members)) {
    const [path, data] = [Buffer.from(name), Buffer.from(content)];
    const packed = deflateRawSync(data);
    const common = Buffer.alloc(26);
    common.writeUInt8(20, 0);
    common.writeUInt16LE(DEFLATED, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, path, packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, place, path]));
    files.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, entries, end]);
}
