import type { Config, SourceConfig } from './config.ts';
import type { ConfigFile } from './schema.ts';
import { slotName } from './slot-name.ts';

/** The configuration as the rest of Rowtrail sees it: defaults that depend on other keys, days and bytes. */
export function resolveConfig(file: ConfigFile): Config {
  const [first] = file.sources;
  if (first === undefined) throw new TypeError('the schema lets no configuration without a source through');
  return {
    store: {
      url: file.store.url ?? first.url,
      schema: file.store.schema,
      partition: file.store.partition,
      retentionDays: file.store.retention === null ? null : Number.parseInt(file.store.retention, 10),
      archiveDir: file.store.archive ?? null,
    },
    sources: file.sources.map(resolveSource),
    seal: {
      enabled: file.seal.enabled,
      intervalMs: parseInterval(file.seal.interval),
      maxEntries: file.seal.maxEntries,
      keyFile: file.seal.keyFile ?? null,
    },
    http: { ...file.http, publicUrl: file.http.publicUrl ?? null, contact: file.http.contact ?? null },
    log: file.log,
  };
}

const BYTES_PER_UNIT: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** `64MB` → bytes; units are powers of 1024, as in PostgreSQL's own settings. */
export function parseSize(size: string | number): number {
  if (typeof size === 'number') return size;
  const match = /^(\d+)\s*([kMG]?B)$/i.exec(size);
  const unit = BYTES_PER_UNIT[match?.[2]?.toLowerCase() ?? ''];
  if (match === null || unit === undefined) throw new TypeError(`not a size: ${size}`);
  return Number(match[1]) * unit;
}

const MS_PER_UNIT: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `90s` → milliseconds. */
function parseInterval(interval: string): number {
  return Number.parseInt(interval, 10) * MS_PER_UNIT[interval.slice(-1)]!;
}

function resolveSource(source: ConfigFile['sources'][number]): SourceConfig {
  return {
    name: source.name,
    url: source.url,
    adminUrl: source.admin?.url ?? null,
    capture: source.capture,
    outbox: { maxBytes: parseSize(source.outbox.maxBytes) },
    tables: source.tables,
    identity: source.identity,
    truncate: { capture: source.truncate.capture, maxBytes: parseSize(source.truncate.maxBytes) },
    ddlText: source.ddlText,
    tableOptions: mapValues(source.tableOptions, (options) => ({ ...options, identity: options.identity ?? null })),
    hashKey: source.hashKey ?? null,
    baseline: source.baseline,
    slot: source.slot ?? slotName(source.name),
    publication: source.publication ?? slotName(source.name),
    context: mapValues(source.context, ({ setting, path }) => ({ setting, path: path ?? null })),
    users: source.users ?? null,
    links: source.links,
    revert: source.revert ?? null,
    allowUnboundedWal: source.allowUnboundedWal,
  };
}

function mapValues<From, To>(
  record: Readonly<Record<string, From | undefined>>,
  map: (value: From) => To,
): Record<string, To> {
  const mapped: Record<string, To> = {};
  for (const [key, value] of Object.entries(record)) {
    if (value !== undefined) mapped[key] = map(value);
  }
  return mapped;
}
