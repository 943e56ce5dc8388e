import { FilterError } from '../query/filter-error.ts';
import type { RecordAddress } from '../query/record-scope.ts';
import { findTrail, readTrail, type RecordTrail, type TrailEntry } from '../query/record-trail.ts';
import type { StoreReader } from '../query/store-reader.ts';
import { writeCsv } from './csv-report.ts';
import { writeHtml } from './html-report.ts';
import { writeJson } from './json-report.ts';
import { writePdf } from './pdf-report.ts';
import type { ReportSubject } from './report-facts.ts';
import { zoneOf, type Zone } from './zone.ts';

export const REPORT_FORMATS = ['pdf', 'html', 'csv', 'json'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export interface ReportRequest {
  readonly address: RecordAddress;
  /** As written; see `TIME_FORMS`. Null: no bound. */
  readonly from: string | null;
  readonly to: string | null;
  /** An IANA time zone. */
  readonly tz: string;
  readonly format: ReportFormat;
  /** Who asks, for people to read. */
  readonly madeBy: string;
  readonly version: string;
}

export interface Report {
  readonly trail: RecordTrail;
  /** Its bytes, as they are made. To be read once. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Entries in the chunks that were given so far. */
  readonly count: () => number;
}

export const REPORT_TYPES: Readonly<Record<ReportFormat, string>> = {
  pdf: 'application/pdf',
  html: 'text/html; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json; charset=utf-8',
};

type ReportWriter = (subject: ReportSubject, entries: AsyncIterable<TrailEntry>) => AsyncIterable<Buffer>;

const WRITERS: Readonly<Record<ReportFormat, ReportWriter>> = {
  pdf: writePdf,
  html: writeHtml,
  csv: writeCsv,
  json: writeJson,
};

/**
 * Finds what a report on a record has to say; undefined where the record is unknown or may not be seen. Throws what
 * `findTrail` throws, and a FilterError for a time zone that is none. The bytes are made as they are read, and break
 * off with an error where the entries cannot be read any more.
 */
export async function beginReport(store: StoreReader, request: ReportRequest): Promise<Report | undefined> {
  const zone = readZone(request.tz);
  const madeAt = new Date().toISOString();
  const trail = await findTrail(store, request.address, request);
  if (trail === undefined) return undefined;
  const { madeBy, version } = request;
  let count = 0;
  async function* counted(found: RecordTrail): AsyncGenerator<TrailEntry> {
    for await (const entry of readTrail(store, found)) {
      yield entry;
      count += 1;
    }
  }
  return {
    trail,
    chunks: WRITERS[request.format]({ trail, zone, madeBy, madeAt, version }, counted(trail)),
    count: () => count,
  };
}

function readZone(name: string): Zone {
  try {
    return zoneOf(name);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new FilterError('tz', `tz ${error.message}`, 'Give a name of the IANA list, as UTC or Europe/Berlin.');
  }
}
