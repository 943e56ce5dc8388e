import { explain } from '../api/api-error.ts';
import { status, statusError, type SourceStatus } from '../state/capture-status.ts';
import { agoText, durationText, now, timeText } from '../state/time.ts';
import { Icon } from './icon.tsx';
import { Popover } from './popover.tsx';

type Condition = 'good' | 'warn' | 'bad';

/** How fresh what is shown can be: "captured 2 s ago", with the details of each source behind it. */
export function CaptureBadge() {
  const sources = status.value?.sources ?? [];
  if (status.value === null && statusError.value === null) return null;
  const { condition, text } = summaryOf(sources);
  return (
    <Popover class={`badge ${condition}`} label={text} name="Capture status" align="end">
      {() => (
        <div class="status-list">
          {sources.length === 0 ? <p>No source is tracked.</p> : null}
          {sources.map((source) => (
            <SourceDetail key={source.name} source={source} />
          ))}
        </div>
      )}
    </Popover>
  );
}

/** Across the page when something is not captured: nobody may take silence for peace. */
export function CaptureBanner() {
  if (statusError.value !== null && status.value !== null) {
    return (
      <div class="banner bad" role="alert">
        <Icon name="warning" /> The status cannot be read: {explain(statusError.value).message} What is shown may be
        old.
      </div>
    );
  }
  const stopped = (status.value?.sources ?? []).filter((source) => openGap(source) !== undefined || isDown(source));
  return (
    <>
      {stopped.map((source) => (
        <div key={source.name} class="banner bad" role="alert">
          <Icon name="warning" />
          <span>
            <strong>Capture of {source.name} stopped</strong>
            {source.committed_at === null ? '' : ` at ${timeText(openGap(source)?.from_time ?? source.committed_at)}`}.
            {source.live?.error === null || source.live === null
              ? ' Later changes are not in this history.'
              : ` ${source.live.error.message}. ${source.live.error.hint ?? ''}`}
          </span>
        </div>
      ))}
    </>
  );
}

function SourceDetail({ source }: { readonly source: SourceStatus }) {
  const { live, gaps } = source;
  const error = live?.error ?? null;
  return (
    <section>
      <h3>
        <span class={`dot ${conditionOf(source)}`} aria-hidden="true" /> {source.name}
      </h3>
      <dl class="facts">
        <dt>Capture</dt>
        <dd>
          {source.capture ?? 'unknown'}, {live?.state ?? 'by another process'}
        </dd>
        <dt>Last change</dt>
        <dd>{source.committed_at === null ? 'none yet' : timeText(source.committed_at)}</dd>
        <dt>Behind by</dt>
        <dd>{lagText(live?.lag_ms ?? null)}</dd>
        <dt>Gaps</dt>
        <dd>{gaps.count === 0 ? 'none' : gaps.count}</dd>
      </dl>
      {gaps.latest.map((gap) => (
        <p key={gap.recorded_at + String(gap.table)} class="dim">
          {gap.table ?? 'All tables'}: {gap.reason.replaceAll('_', ' ')}, from{' '}
          {gap.from_time === null ? 'an unknown time' : timeText(gap.from_time)} to{' '}
          {gap.to_time === null ? 'now' : timeText(gap.to_time)}
        </p>
      ))}
      {error === null ? null : (
        <p class="bad-text">
          {error.message}. {error.hint}
        </p>
      )}
    </section>
  );
}

function summaryOf(sources: readonly SourceStatus[]): { condition: Condition; text: string } {
  if (statusError.value !== null) return { condition: 'bad', text: 'status unknown' };
  if (sources.length === 0) return { condition: 'warn', text: 'nothing tracked' };
  if (sources.some((source) => openGap(source) !== undefined || isDown(source))) {
    return { condition: 'bad', text: 'capture stopped' };
  }
  const behind = Math.max(...sources.map(({ live }) => live?.lag_ms ?? 0));
  if (behind > 10_000) return { condition: 'warn', text: `${durationText(behind)} behind` };
  const latest =
    sources
      .map(({ committed_at: at }) => at ?? '')
      .toSorted()
      .at(-1) ?? '';
  const gaps = sources.reduce((sum, source) => sum + source.gaps.count, 0);
  // Read, so that it is told anew each second.
  void now.value;
  const fresh = latest === '' ? 'nothing captured yet' : `captured ${agoText(latest)}`;
  if (gaps > 0) return { condition: 'warn', text: `${fresh}, ${gaps} ${gaps === 1 ? 'gap' : 'gaps'}` };
  return { condition: 'good', text: fresh };
}

function conditionOf(source: SourceStatus): Condition {
  if (openGap(source) !== undefined || isDown(source)) return 'bad';
  return source.gaps.count > 0 ? 'warn' : 'good';
}

function openGap(source: SourceStatus): SourceStatus['gaps']['latest'][number] | undefined {
  return source.gaps.latest.find((gap) => gap.table === null && gap.to_time === null);
}

function isDown({ live }: SourceStatus): boolean {
  return live !== null && (live.state === 'stopped' || (live.state === 'waiting' && live.error !== null));
}

function lagText(milliseconds: number | null): string {
  if (milliseconds === null) return 'unknown';
  return milliseconds < 1000 ? 'less than a second' : durationText(milliseconds);
}
