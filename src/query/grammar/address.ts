/** A network as a pair of addresses, both ends inside; a single address is both. In the canonical text of PostgreSQL's inet. */
export interface AddressRange {
  readonly low: string;
  readonly high: string;
}

const V4_BITS = 32;
const V6_BITS = 128;
const MAPPED = 0xffffn << 32n;

/**
 * Reads an address or a network in CIDR notation; bits of the host are taken for the network's. An IPv4 address mapped
 * into IPv6 is the IPv4 address. Undefined if it is neither.
 */
export function parseAddress(text: string): AddressRange | undefined {
  const [address = '', mask, ...rest] = text.split('/');
  if (rest.length > 0 || (mask !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(mask))) return undefined;
  const v4 = parseV4(address);
  if (v4 !== undefined) return rangeOf(v4, mask === undefined ? V4_BITS : Number(mask), V4_BITS);
  const v6 = parseV6(address);
  if (v6 === undefined) return undefined;
  const bits = mask === undefined ? V6_BITS : Number(mask);
  const isMapped = v6 >> 32n === MAPPED >> 32n && bits >= V6_BITS - V4_BITS;
  return isMapped ? rangeOf(v6 & 0xffff_ffffn, bits - (V6_BITS - V4_BITS), V4_BITS) : rangeOf(v6, bits, V6_BITS);
}

function rangeOf(address: bigint, bits: number, width: number): AddressRange | undefined {
  if (bits > width) return undefined;
  const host = (1n << BigInt(width - bits)) - 1n;
  const low = address & ~host;
  const format = width === V4_BITS ? formatV4 : formatV6;
  return { low: format(low), high: format(low | host) };
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) {
    return undefined;
  }
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

/** https://www.rfc-editor.org/rfc/rfc4291#section-2.2 */
function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, index) => groupsOf(half, index === halves.length - 1));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...(tail ?? [])];
  return groups.reduce((sum, group) => (sum << 16n) | group, 0n);
}

/** The 16-bit groups of a part; the last part may end in an IPv4 address. */
function groupsOf(text: string, isLast: boolean): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const v4 = isLast && index === parts.length - 1 ? parseV4(part) : undefined;
    if (v4 !== undefined) groups.push(v4 >> 16n, v4 & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}

function formatV4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.');
}

/** Uncompressed: PostgreSQL reads any form. */
function formatV6(address: bigint): string {
  return [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => ((address >> shift) & 0xffffn).toString(16)).join(':');
}
