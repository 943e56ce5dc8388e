import type { RecordGap } from '../query/record-gaps.ts';
import type { RecordState } from '../query/record-state.ts';
import type { RecordTrail, TrailActor } from '../query/record-trail.ts';
import type { Fact } from './entry-view.ts';
import { DIGEST_METHOD, sealText, type Proof } from './proof.ts';
import { grouped } from './shown-value.ts';
import type { Zone } from './zone.ts';

/** What a report is made of, its entries left out. */
export interface ReportSubject {
  readonly trail: RecordTrail;
  readonly zone: Zone;
  /** Who asked for it, for people to read. */
  readonly madeBy: string;
  /** RFC 3339. */
  readonly madeAt: string;
  /** Rowtrail's own. */
  readonly version: string;
}

export interface Section {
  readonly title: string;
  readonly facts: readonly Fact[];
  /** What to say where there are no facts, or besides them. */
  readonly note: string | null;
}

export const TITLE = 'Audit-trail report';

/** What comes before the entries. */
export function openingSections(subject: ReportSubject): Section[] {
  return [scope(subject), criteria(subject), making(subject), state(subject), actors(subject), gaps(subject)];
}

/** What comes behind them. */
export function proofSection({ entries, first, last, digest }: Proof, { trail, zone }: ReportSubject): Section {
  return {
    title: 'Proof',
    facts: factsOf([
      ['Entries', grouped(entries)],
      ['First entry', first],
      ['Last entry', last],
      ['Digest', digest],
      ['How it is made', DIGEST_METHOD],
      ['Seals', sealText(trail.seals, entries, zone)],
    ]),
    note: null,
  };
}

function scope({ trail: { scope: found } }: ReportSubject): Section {
  const others = found.keys.slice(1);
  return {
    title: 'Scope',
    facts: factsOf([
      ['Source', found.source],
      ['Table', `${found.schema}.${found.table}`],
      ['Record', found.key],
      ...others.map((key) => ['Other key it had', key] as const),
    ]),
    note: null,
  };
}

function criteria({ trail, zone }: ReportSubject): Section {
  return {
    title: 'Criteria',
    facts: factsOf([
      ['From', trail.from === null ? 'the beginning of the history' : `${zone.format(trail.from)}, inclusive`],
      ['To', trail.to === null ? 'when the report was made' : `${zone.format(trail.to)}, exclusive`],
      ['Filters', 'none: every entry of the record in the period is listed, oldest first'],
      ['Entries', grouped(trail.ids.length)],
      ['Time zone', `${zone.name}, with the offset from UTC behind each time`],
    ]),
    note: null,
  };
}

function making({ madeBy, madeAt, version, zone }: ReportSubject): Section {
  return {
    title: 'Made',
    facts: factsOf([
      ['By', madeBy],
      ['At', zone.format(madeAt)],
      ['With', `Rowtrail ${version}`],
    ]),
    note: null,
  };
}

function state({ trail, zone }: ReportSubject): Section {
  const { state: found } = trail;
  return {
    title: 'State at the end of the period',
    facts: factsOf([
      ['Record', existence(found)],
      ['Key then', found.record],
      ['Since', found.since === null ? null : zone.format(found.since)],
      ['By entry', found.entryId === null ? null : found.entryId.toString()],
    ]),
    note: null,
  };
}

function existence({ exists, reason }: RecordState): string {
  if (reason !== null) return NO_STATE[reason];
  return exists === true ? 'exists' : 'not known';
}

const NO_STATE: Readonly<Record<NonNullable<RecordState['reason']>, string>> = {
  not_created: 'not created yet',
  before_history: 'not known: it was there before its first entry',
  deleted: 'deleted',
  truncated: 'removed by a TRUNCATE of its table',
  partition_truncated: 'not known: a partition was emptied, and whether it was in there was not captured',
};

function actors({ trail, zone }: ReportSubject): Section {
  return {
    title: 'Actors',
    facts: trail.actors.map((actor) => ({ label: actor.id, text: actorText(actor, zone) })),
    note:
      trail.actors.length === 0
        ? 'None.'
        : 'Each with source, kind and id; name, entries, first and last one, IP addresses.',
  };
}

function actorText({ name, kind, count, first, last, ips, ipCount }: TrailActor, zone: Zone): string {
  const more = ipCount > ips.length ? ` and ${grouped(ipCount - ips.length)} more` : '';
  const lines = [
    `${name ?? 'no name known'} (${kind})`,
    `${grouped(count)} ${count === 1 ? 'entry' : 'entries'}: first ${zone.format(first)}, last ${zone.format(last)}`,
    ips.length === 0 ? 'no IP address known' : `from ${ips.join(', ')}${more}`,
  ];
  return lines.join('\n');
}

function gaps({ trail, zone }: ReportSubject): Section {
  const found = trail.gaps.map((gap) => ({ label: gap.reason, text: gapText(gap, zone) }));
  if (found.length === 0) {
    return { title: 'Coverage', facts: [], note: 'No gap in the capture is on record that touches the period.' };
  }
  const more = trail.moreGaps ? ' These are the latest; there are more.' : '';
  return {
    title: 'Coverage: gaps',
    facts: found,
    note: `In these stretches, changes of the record may not have been captured.${more}`,
  };
}

function gapText({ table, from, to }: RecordGap, zone: Zone): string {
  const begin = from === null ? 'from a time that is not known' : `from ${zone.format(from)}`;
  const end = to === null ? 'and it goes on' : `to ${zone.format(to)}`;
  return `${begin} ${end}; ${table ? 'this table' : 'the whole source'}`;
}

function factsOf(pairs: readonly (readonly [label: string, text: string | null])[]): Fact[] {
  return pairs.flatMap(([label, text]) => (text === null ? [] : [{ label, text }]));
}
