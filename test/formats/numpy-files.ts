/** NumPy's files, written byte by byte, right or wrong. */
import { crc32, deflateRawSync } from 'node:zlib';

/** A `.npy` file: its type, its shape as Python writes it, and its data. */
export function npy(descr: string, shape: string, data: Uint8Array | number, order = 'False'): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
  const size = Buffer.alloc(2);
  size.writeUInt16LE(text.length);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\0', 'latin1'),
    size,
    Buffer.from(text, 'latin1'),
    typeof data === 'number' ? Buffer.alloc(data) : data,
  ]);
}

export interface Entry {
  readonly name: string;
  /** The bytes of the name, where they are not UTF-8. */
  readonly rawName?: Buffer;
  readonly data: Uint8Array;
  readonly stored?: boolean;
  /** Type and permissions of Unix, such as `0o120777` of a link. */
  readonly mode?: number;
  /** False entries for the headers. */
  readonly lies?: {
    readonly method?: number;
    readonly flags?: number;
    readonly crc?: number;
    readonly size?: number;
    readonly packedSize?: number;
    readonly offset?: number;
  };
}

/** A zip file; `count` is what its end says of the number of entries. */
export function zip(entries: readonly Entry[], { count = entries.length, directory = 0 } = {}): Buffer {
  const [parts, central]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const {
    name: text,
    rawName: name = Buffer.from(text),
    data,
    stored = false,
    mode = 0,
    lies = {},
  } of entries) {
    const packed = stored ? Buffer.from(data) : deflateRawSync(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(lies.flags ?? 0, 2);
    common.writeUInt16LE(lies.method ?? (stored ? 0 : 8), 4);
    common.writeUInt32LE(lies.crc ?? crc32(data), 10);
    common.writeUInt32LE(lies.packedSize ?? packed.length, 14);
    common.writeUInt32LE(lies.size ?? data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(lies.offset ?? offset, 10);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, packed]);
    central.push(Buffer.from(mode === 0 ? 'PK\x01\x02\x14\0' : 'PK\x01\x02\x14\x03'), common, tail, name);
    parts.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset + directory, 16);
  return Buffer.concat([...parts, listing, end]);
}
