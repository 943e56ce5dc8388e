import type { TrailEntry } from '../query/record-trail.ts';
import { DIGEST_METHOD, ProofBuilder, sealText } from './proof.ts';
import { TITLE, type ReportSubject } from './report-facts.ts';

/** One document with the parts of the printed one; entries are spliced in as they are, every value whole. */
export async function* writeJson(
  { trail, zone, madeBy, madeAt, version }: ReportSubject,
  entries: AsyncIterable<TrailEntry>,
): AsyncGenerator<Buffer> {
  const { scope, from, to, state, actors, gaps, moreGaps } = trail;
  const { source, schema, table, key, keys } = scope;
  const { exists, reason, record, since, entryId, incomplete } = state;
  const head = {
    title: TITLE,
    scope: { source, schema, table, record: key, keys },
    criteria: { from, to, filters: [], time_zone: zone.name, entries: trail.ids.length },
    made: { by: madeBy, at: madeAt, with: `Rowtrail ${version}` },
    state: { exists, reason, record, since, incomplete, entry: entryId?.toString() ?? null },
    actors: actors.map(({ ipCount, ...actor }) => ({ ...actor, ip_count: ipCount })),
    gaps: { data: gaps, more: moreGaps },
  };
  yield Buffer.from(`{"data":${JSON.stringify(head).slice(0, -1)},"entries":[`);
  const proof = new ProofBuilder();
  const details: string[] = [];
  for await (const entry of entries) {
    yield Buffer.from(`${proof.entries === 0 ? '' : ','}\n${entry.json}`);
    proof.add(entry.id, entry.json);
    const detail = detailText(entry);
    if (detail !== null) details.push(detail);
  }
  const { entries: count, first, last, digest } = proof.finish();
  const shown = {
    entries: count,
    first,
    last,
    sha256: digest,
    method: DIGEST_METHOD,
    sealed: trail.seals?.entries === count,
    seals: trail.seals,
    note: sealText(trail.seals, count, zone),
  };
  yield Buffer.from(`],\n"details":[${details.join(',\n')}],\n"proof":${JSON.stringify(shown)}}}\n`);
}

/** What is known of an entry besides its own text: its links, and what a truncate removed. */
function detailText({ id, links, removed }: TrailEntry): string | null {
  if (links === null && removed === null) return null;
  const { reverts = [], revertedBy = [], comments = 0 } = links ?? {};
  const linked = JSON.stringify({ entry: id.toString(), reverts, reverted_by: revertedBy, comments });
  return `${linked.slice(0, -1)},"removed":${removed ?? 'null'}}`;
}
