/** Messages of pgoutput, by hand. https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html */

/** `undefined`: unchanged TOAST. */
export type WireValue = string | null | undefined;

export interface WireColumn {
  readonly name: string;
  readonly identity?: boolean;
  readonly typeOid?: number;
}

export function relationMessage(
  oid: number,
  columns: readonly WireColumn[],
  identity = 'f',
  schema = 'public',
  name = 't',
): Buffer {
  return Buffer.concat([
    Buffer.from('R'),
    uint32(oid),
    text(schema),
    text(name),
    Buffer.from(identity),
    uint16(columns.length),
    ...columns.flatMap((column) => [
      Buffer.from([column.identity === true ? 1 : 0]),
      text(column.name),
      uint32(column.typeOid ?? 25),
      uint32(0xffff_ffff),
    ]),
  ]);
}

export function typeMessage(oid: number, schema: string, name: string): Buffer {
  return Buffer.concat([Buffer.from('Y'), uint32(oid), text(schema), text(name)]);
}

export function beginMessage(commitLsn: bigint, committedAtMicros = 0n, xid = 1): Buffer {
  return Buffer.concat([Buffer.from('B'), uint64(commitLsn), uint64(committedAtMicros), uint32(xid)]);
}

export function commitMessage(commitLsn: bigint, endLsn: bigint): Buffer {
  return Buffer.concat([Buffer.from('C\0'), uint64(commitLsn), uint64(endLsn), uint64(0n)]);
}

export function insertMessage(oid: number, values: readonly WireValue[]): Buffer {
  return Buffer.concat([Buffer.from('I'), uint32(oid), Buffer.from('N'), tuple(values)]);
}

export function updateMessage(
  oid: number,
  old: readonly WireValue[] | null,
  values: readonly WireValue[],
  kind = 'O',
): Buffer {
  const before = old === null ? [] : [Buffer.from(kind), tuple(old)];
  return Buffer.concat([Buffer.from('U'), uint32(oid), ...before, Buffer.from('N'), tuple(values)]);
}

export function deleteMessage(oid: number, old: readonly WireValue[], kind = 'O'): Buffer {
  return Buffer.concat([Buffer.from('D'), uint32(oid), Buffer.from(kind), tuple(old)]);
}

export function truncateMessage(oids: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from('T'), uint32(oids.length), Buffer.from([0]), ...oids.map(uint32)]);
}

export function logicalMessage(prefix: string, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x4d, 1]), uint64(1n), text(prefix), uint32(content.length), content]);
}

export function originMessage(name: string): Buffer {
  return Buffer.concat([Buffer.from('O'), uint64(1n), text(name)]);
}

function tuple(values: readonly WireValue[]): Buffer {
  const parts = values.map((value) => {
    if (value === null) return Buffer.from('n');
    if (value === undefined) return Buffer.from('u');
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from('t'), uint32(bytes.length), bytes]);
  });
  return Buffer.concat([uint16(values.length), ...parts]);
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
  return bytes;
}
