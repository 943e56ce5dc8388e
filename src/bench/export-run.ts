import { request } from 'node:http';
import type pg from 'pg';
import { RowtrailError } from '../lib/errors.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../query/export-format.ts';
import { readPeakRss } from './process-usage.ts';

export interface Exported {
  readonly format: ExportFormat;
  readonly entries: number;
  readonly bytes: number;
  readonly seconds: number;
  /** The most memory that the server's process has had by the end of it; null where that can't be read. */
  readonly peakRssBytes: number | null;
}

/** Enough for some seconds. */
const EXPORTED_ENTRIES = 500_000;
export const MIN_EXPORT_RATE = 50_000;

/** The oldest days of the store, in every format, one after the other. */
export async function runExports(
  client: pg.ClientBase,
  schema: string,
  { base, pid, note }: { readonly base: string; readonly pid: number; readonly note: (line: string) => void },
): Promise<Exported[]> {
  const { until, entries } = await oldest(client, schema);
  const exported: Exported[] = [];
  for (const format of EXPORT_FORMATS) {
    const began = performance.now();
    const bytes = await fetchBytes(`${base}/api/v1/export?format=${format}&to=${until}`);
    const seconds = (performance.now() - began) / 1000;
    exported.push({ format, entries, bytes, seconds, peakRssBytes: readPeakRss(pid) });
    note(`export as ${format}: ${Math.round(entries / seconds).toLocaleString('en-US')} entries a second`);
  }
  return exported;
}

/** Whole days with about as many entries as are exported. */
async function oldest(
  client: pg.ClientBase,
  schema: string,
): Promise<{ readonly until: string; readonly entries: number }> {
  const found = await client.query<{ until: string; entries: string }>(
    `select to_char((d.day + interval '1 day') at time zone 'UTC', 'YYYY-MM-DD') as until, d.total::text as entries from (
       select u.day, sum(sum(u.count)) over (order by u.day) as total
       from ${quoteIdentifier(schema)}.source_days u group by u.day) d
     order by d.total >= $1 desc, abs(d.total - $1) limit 1`,
    [EXPORTED_ENTRIES],
  );
  const { until, entries } = found.rows[0]!;
  return { until, entries: Number(entries) };
}

function fetchBytes(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, (response) => {
      let bytes = 0;
      if (response.statusCode !== 200) reject(new RowtrailError('RT_INTERNAL', `${response.statusCode} for ${url}`));
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve(bytes));
      response.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}
