import fc from 'fast-check';
import { quoteLiteral } from '../../src/pg/identifier.ts';
import type { ExpectedKind } from './oracle.ts';

/** A type, and SQL expressions of values of it. */
export interface RandomType {
  /** As in `create table`. */
  readonly sql: string;
  readonly kind: ExpectedKind;
  /** Never null. Holds up without the session's search_path but for `public`. */
  readonly value: fc.Arbitrary<string>;
}

/** Types of these may be keys: btree, and short. */
export const KEY_TYPES = new Set([
  'int4',
  'int8',
  'int2',
  'numeric',
  'bool',
  'uuid',
  'date',
  'inet',
  'float8',
  'varchar(20)',
]);

const type = (sql: string, kind: ExpectedKind, text: fc.Arbitrary<string>): RandomType => ({
  sql,
  kind,
  value: text.map((value) => `${quoteLiteral(value)}::${sql}`),
});
const oneOf = (...values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const characters = (of: string): fc.Arbitrary<string> => fc.constantFrom(...Array.from(of));
const digits = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: characters('0123456789'), minLength: 1, maxLength });
const bits = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('0', '1'), minLength, maxLength });
const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: characters('0123456789abcdef'), minLength: length, maxLength: length });
const integer = (bitCount: bigint): fc.Arbitrary<string> => {
  const [min, max] = [-(2n ** (bitCount - 1n)), 2n ** (bitCount - 1n) - 1n];
  return fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n, -1n)).map(String);
};
const unsigned = (bitCount: bigint): fc.Arbitrary<string> =>
  fc.bigInt({ min: 0n, max: 2n ** bitCount - 1n }).map(String);
const double = fc.double().map((value) => (Object.is(value, -0) ? '-0' : String(value)));
const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e100, max: 1e100 }).map(String);

/** Up to 131,072 digits before and 16,383 after the point. https://www.postgresql.org/docs/current/datatype-numeric.html */
const numeric = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(oneOf('', '-'), digits(30), digits(20)).map(([sign, a, b]) => `${sign}${a}.${b}`) },
  { weight: 1, arbitrary: fc.tuple(digits(1_000), digits(1_000)).map(([a, b]) => `-${a}.${b}`) },
  { weight: 2, arbitrary: oneOf('NaN', 'Infinity', '-Infinity', '-0.00', '1.0', '1.00', '1e400', '1e-400', '0') },
);
/** No NUL: no text of PostgreSQL holds one. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replaceAll('\0', '')),
  oneOf(
    '',
    'null',
    'true',
    '1e3',
    'NaN',
    '\\',
    '"',
    '\\"',
    '\u001f\u007f',
    '\u2028',
    '🙂'.repeat(300),
    'x'.repeat(9_000),
  ),
);
const safeText = fc.string({ unit: characters('ab é"\\\'{},()\n'), maxLength: 8 });
/** With its era, which stands at the end. Dates begin in 4713 BC. */
const year = fc
  .oneof(fc.integer({ min: 1, max: 9_999 }), fc.integer({ min: -4_000, max: -1 }))
  .map((value) => [String(Math.abs(value)).padStart(4, '0'), value < 0 ? ' BC' : ''] as const);
const two = (max: number, min = 0): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((value) => String(value).padStart(2, '0'));
const day = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(year, two(12, 1), two(28, 1)).map(([[y, era], m, d]) => `${y}-${m}-${d}${era}`),
  },
  { weight: 1, arbitrary: oneOf('infinity', '-infinity', '4713-01-01 BC', '2000-02-29', '12345-06-07') },
);
const clock = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(two(23), two(59), two(59), fc.integer({ min: 0, max: 999_999 }))
      .map(([h, m, s, f]) => `${h}:${m}:${s}.${f}`),
  },
  { weight: 1, arbitrary: oneOf('24:00', '00:00', '23:59:60') },
);
const zone = oneOf('+00', '-07', '+05:30', '+15:59:59');
const moment = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(year, two(12, 1), two(28, 1), clock).map(([[y, era], m, d, c]) => `${y}-${m}-${d} ${c}${era}`),
  },
  { weight: 1, arbitrary: oneOf('infinity', '-infinity', '0001-01-01 00:00 BC') },
);
const zoned = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(year, two(12, 1), two(28, 1), clock, zone)
      .map(([[y, era], m, d, c, z]) => `${y}-${m}-${d} ${c}${z}${era}`),
  },
  { weight: 1, arbitrary: oneOf('infinity', '-infinity', '294276-12-31 23:59:59.999999+00', '2025-03-30 02:30+01') },
);
const interval = fc
  .tuple(
    fc.integer({ min: -9_999, max: 9_999 }),
    fc.integer({ min: -9_999, max: 9_999 }),
    fc.integer({ min: -1e9, max: 1e9 }),
  )
  .map(([months, days, micros]) => `${months} months ${days} days ${micros} microseconds`);
const point = fc.tuple(finite, finite).map(([x, y]) => `(${x},${y})`);
const points = fc.array(point, { minLength: 1, maxLength: 4 });
const address = fc.oneof(fc.ipV4(), fc.ipV6());
const masked = fc.tuple(address, fc.integer({ min: 0, max: 32 })).map(([host, mask]) => `${host}/${mask}`);
const json = fc.oneof(
  fc.json({ stringUnit: 'binary' }).filter((value) => !/\\u0000|\0/.test(value)),
  oneOf(
    '1e400',
    '-0',
    '-0.0',
    '123456789012345678901234567890.10',
    '{"b" : 1.0 ,"a":2}',
    'null',
    '""',
    '[[]]',
    '9007199254740993',
  ),
);
const lsn = fc.tuple(hex(3), hex(8)).map(([a, b]) => `${a}/${b}`);
const words = fc
  .array(fc.constantFrom('a', 'b:1', 'cat:2A,3', "'it''s'", 'é'), { maxLength: 4 })
  .map((list) => list.join(' '));

export const BUILT_IN: readonly RandomType[] = [
  type('int2', 'number', integer(16n)),
  type('int4', 'number', integer(32n)),
  type('int8', 'number', integer(64n)),
  type('numeric', 'number', numeric),
  type(
    'numeric(12, 4)',
    'number',
    fc.tuple(digits(8), digits(6)).map(([a, b]) => `-${a}.${b}`),
  ),
  type(
    'float4',
    'number',
    fc.float().map((value) => (Object.is(value, -0) ? '-0' : String(value))),
  ),
  type('float8', 'number', double),
  type('bool', 'boolean', oneOf('t', 'f')),
  type('json', 'json', fc.oneof(json, oneOf('"\\u0000"', '"\\ud800"', '{"a":1,"a":2}', ' [ 1 ] '))),
  type(
    'jsonb',
    'json',
    json.filter((value) => !/\\ud[89a-f]/i.test(value) && !/[\ud800-\udfff]/.test(value)),
  ),
  type('text', 'text', text),
  type('varchar(20)', 'text', safeText),
  type('char(9)', 'text', safeText),
  type('name', 'text', safeText),
  type('"char"', 'text', oneOf('', 'x', '"', '\\', ' ', '\u0001')),
  type(
    'bytea',
    'text',
    hex(6).map((value) => `\\x${value}`),
  ),
  type('date', 'text', day),
  type('time', 'text', clock),
  type(
    'timetz',
    'text',
    fc.tuple(clock, zone).map((parts) => parts.join('')),
  ),
  type('timestamp', 'text', moment),
  type('timestamp(0)', 'text', moment),
  type('timestamptz', 'text', zoned),
  type('interval', 'text', interval),
  type('uuid', 'text', fc.uuid()),
  type('inet', 'text', fc.oneof(address, masked)),
  type('cidr', 'text', address),
  type('macaddr', 'text', hex(12)),
  type('macaddr8', 'text', hex(16)),
  type(
    'money',
    'text',
    fc.integer({ min: -1e9, max: 1e9 }).map((value) => (value / 100).toFixed(2)),
  ),
  type('xml', 'text', oneOf('<a b="c">d</a>', 'plain', '<!-- c --><e/>', '')),
  type('bit(5)', 'text', bits(5, 5)),
  type('varbit', 'text', bits(0, 20)),
  type('oid', 'text', unsigned(32n)),
  type('xid', 'text', unsigned(32n)),
  type('xid8', 'text', unsigned(64n)),
  type('cid', 'text', unsigned(32n)),
  type(
    'tid',
    'text',
    fc.tuple(unsigned(32n), unsigned(16n)).map(([a, b]) => `(${a},${b})`),
  ),
  type('regclass', 'text', oneOf('pg_catalog.pg_class', '0', '4294967295')),
  type('regtype', 'text', oneOf('pg_catalog.int4', '-', 'information_schema.cardinal_number')),
  type(
    'oidvector',
    'text',
    fc.array(unsigned(32n), { maxLength: 3 }).map((list) => list.join(' ')),
  ),
  type(
    'int2vector',
    'text',
    fc.array(integer(16n), { maxLength: 3 }).map((list) => list.join(' ')),
  ),
  type('pg_lsn', 'text', lsn),
  type('pg_snapshot', 'text', oneOf('10:20:10,14,15', '1:1:')),
  type('tsvector', 'text', words),
  type('tsquery', 'text', oneOf("'a' & !'b'", "'a':*B | 'it''s' <-> 'c'")),
  type('jsonpath', 'text', oneOf('$', '$.a[*] ? (@ > 1.50)', 'strict $."x y"')),
  type('refcursor', 'text', safeText),
  type('point', 'text', point),
  type('line', 'text', oneOf('{1,-1,0}', '{0.1,2,-0}')),
  type(
    'lseg',
    'text',
    fc.tuple(point, point).map(([a, b]) => `[${a},${b}]`),
  ),
  type(
    'box',
    'text',
    fc.tuple(point, point).map(([a, b]) => `${a},${b}`),
  ),
  type(
    'path',
    'text',
    fc.tuple(points, fc.boolean()).map(([list, open]) => (open ? `[${list.join()}]` : `(${list.join()})`)),
  ),
  type(
    'polygon',
    'text',
    points.map((list) => `(${list.join()})`),
  ),
  type(
    'circle',
    'text',
    fc.tuple(point, fc.integer({ min: 0, max: 99 })).map(([at, radius]) => `<${at},${radius}>`),
  ),
];

const subtypes: readonly (readonly [range: string, multirange: string, subtype: string])[] = [
  ['int4range', 'int4multirange', 'int4'],
  ['int8range', 'int8multirange', 'int8'],
  ['numrange', 'nummultirange', 'numeric'],
  ['tsrange', 'tsmultirange', 'timestamp'],
  ['tstzrange', 'tstzmultirange', 'timestamptz'],
  ['daterange', 'datemultirange', 'date'],
];

/** Ranges and multiranges of the built-in kinds. */
export const RANGES: readonly RandomType[] = subtypes.flatMap(([range, multirange, subtype]) => {
  const bound = fc.option(BUILT_IN.find((candidate) => candidate.sql === subtype)!.value, { nil: 'null', freq: 4 });
  const value = fc
    .tuple(bound, bound)
    // [) alone has no bound that is moved on, out of its type.
    .map(([a, b]) =>
      a === 'null' || b === 'null' ? `${range}(${a}, ${b})` : `${range}(least(${a}, ${b}), greatest(${a}, ${b}))`,
    );
  const many = fc.array(value, { maxLength: 3 }).map((list) => `${multirange}(${list.join()})`);
  return [
    { sql: range, kind: 'text', value: fc.oneof(value, fc.constant(`'empty'::${range}`)) },
    { sql: multirange, kind: 'text', value: many },
  ];
});

/** By extension: its types, and texts of them. */
export const EXTENSION_TYPES: Readonly<Record<string, readonly RandomType[]>> = {
  hstore: [
    type(
      'hstore',
      'text',
      fc
        .array(fc.tuple(safeText, fc.option(safeText)), { maxLength: 3 })
        .map((pairs) =>
          pairs.map(([key, value]) => `${quoted(key)}=>${value === null ? 'NULL' : quoted(value)}`).join(),
        ),
    ),
  ],
  citext: [type('citext', 'text', safeText)],
  ltree: [
    type('ltree', 'text', oneOf('', 'Top.Child', 'a.b_1.C')),
    type('lquery', 'text', oneOf('*.a|b{1,2}', 'Top.!x@.*')),
    type('ltxtquery', 'text', oneOf('a & !b', 'Top*@ | c')),
  ],
  cube: [
    type(
      'cube',
      'text',
      fc.tuple(finite, finite).map(([a, b]) => `(${a}, ${b}),(0, -1)`),
    ),
  ],
  isn: [
    type('isbn13', 'text', oneOf('978-0-393-04002-9', '9780521880688')),
    type('issn', 'text', oneOf('1436-4522')),
    type('ean13', 'text', oneOf('0220356483481', '9780393040029')),
    type('upc', 'text', oneOf('220356483481')),
  ],
  seg: [type('seg', 'text', oneOf('1.50', '<4.0', '1e-3 .. ~10', '5(+-)0.3'))],
  intarray: [type('query_int', 'text', oneOf('1&(2|3)', '!7'))],
  lo: [type('lo', 'text', unsigned(32n))],
};

function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** Arrays of a type, with nulls, several dimensions and other lower bounds. */
export function arrayOf(element: RandomType): RandomType {
  const item = fc.option(element.value, { nil: 'null', freq: 4 });
  const list = fc.array(item, { maxLength: 3 }).map((items) => `array[${items.join()}]::${element.sql}[]`);
  const matrix = fc
    .tuple(item, item, item, item)
    .map(([a, b, c, d]) => `array[[${a}, ${b}], [${c}, ${d}]]::${element.sql}[]`);
  const shifted = fc.constant(`array_fill(null::${element.sql}, '{2}', '{-3}')`);
  return { sql: `${element.sql}[]`, kind: 'text', value: fc.oneof(list, matrix, shifted) };
}
