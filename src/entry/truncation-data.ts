import type { Truncation } from '../change/truncation.ts';

type Told = Pick<Truncation, 'reason' | 'count'> & Partial<Pick<Truncation, 'oid' | 'rootOid' | 'schema' | 'name'>>;

/**
 * What is stored as the data of a `truncate` entry, JSON text: `rows`, and `partition` where a leaf alone was emptied.
 * `rows` is `{"captured": true, "count"}`, or `{"captured": false, "reason"}` where nothing can bring them back. Pure.
 */
export function truncationData({ oid, rootOid, schema, name, reason, count }: Told): string {
  const rows = reason === null ? { captured: true, count } : { captured: false, reason };
  return JSON.stringify({ data: { ...(oid === rootOid ? {} : { partition: `${schema}.${name}` }), rows } });
}
