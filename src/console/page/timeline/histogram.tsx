import { useRef, useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { formatTerm } from '../../state/query-text.ts';
import { fromTime, insightFilter, setTimes, toTime } from '../../state/filter.ts';
import { useLoadable } from '../../state/loadable.ts';
import { BUCKET_MS, bucketFor, drawnSeries, type TimePoint } from '../../state/time-series.ts';
import { rfcText, shortTimeText } from '../../state/time.ts';

const HEIGHT = 56;
const KINDS = ['delete', 'update', 'create'] as const;

/** How much happened when; a stretch of it that is drawn over becomes the times of the page. */
export function Histogram({ turn }: { readonly turn: number }) {
  const { query, uncounted } = insightFilter.value;
  const asked = bucketFor(fromTime.value, toTime.value);
  const loadable = useLoadable(JSON.stringify([query, asked, turn]), async (signal) => {
    const { data } = await call('GET /insights/timeseries', {
      query: { ...query, bucket: asked, by: 'action' },
      signal,
    });
    return drawnSeries(data, asked, query.from === undefined);
  });
  const { points, bucket } = loadable.data ?? { points: [], bucket: asked };
  return (
    <figure class="histogram" aria-busy={loadable.loading}>
      <Bars points={points} bucketMs={BUCKET_MS[bucket]} />
      <figcaption class="dim">
        {points.length === 0 ? <span>&nbsp;</span> : <span>{shortTimeText(points[0]?.time ?? '')}</span>}
        {loadable.error === null ? null : <span>The counts could not be read.</span>}
        {uncounted.length === 0 ? null : <span>Counts are without {uncounted.map(formatTerm).join(' ')}</span>}
        <span>{toTime.value === null ? 'now' : endText(points, BUCKET_MS[bucket])}</span>
      </figcaption>
    </figure>
  );
}

function Bars({ points, bucketMs }: { readonly points: readonly TimePoint[]; readonly bucketMs: number }) {
  const svg = useRef<SVGSVGElement>(null);
  const [brush, setBrush] = useState<readonly [from: number, to: number] | null>(null);
  const most = Math.max(1, ...points.map(({ count }) => count));
  const total = points.reduce((sum, { count }) => sum + count, 0);
  const barAt = (event: PointerEvent): number => {
    const box = svg.current?.getBoundingClientRect();
    if (box === undefined) return 0;
    return Math.min(
      points.length - 1,
      Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * points.length)),
    );
  };
  const choose = (): void => {
    if (brush === null) return;
    const [from, to] = brush.toSorted((one, other) => one - other) as [number, number];
    setBrush(null);
    const begin = Date.parse(points[from]?.time ?? '');
    const end = Date.parse(points[to]?.time ?? '') + bucketMs;
    setTimes(rfcText(begin), end > Date.now() ? null : rfcText(end));
  };
  const [low = 0, high = 0] = brush?.toSorted((one, other) => one - other) ?? [];
  return (
    <svg
      ref={svg}
      viewBox={`0 0 ${Math.max(1, points.length)} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${total.toLocaleString()} entries over the time shown, at most ${most.toLocaleString()} in a bar`}
      onPointerDown={(event) => {
        if (points.length === 0 || event.button !== 0) return;
        svg.current?.setPointerCapture(event.pointerId);
        setBrush([barAt(event), barAt(event)]);
      }}
      onPointerMove={(event) => {
        if (brush !== null) setBrush([brush[0], barAt(event)]);
      }}
      onPointerUp={choose}
      onPointerCancel={() => setBrush(null)}
    >
      {brush === null ? null : <rect class="brush" x={low} y={0} width={high - low + 1} height={HEIGHT} />}
      {points.map((point, at) => (
        <Bar key={point.time} point={point} x={at} most={most} />
      ))}
    </svg>
  );
}

function Bar({ point, x, most }: { readonly point: TimePoint; readonly x: number; readonly most: number }) {
  const named = KINDS.map((kind) => [kind, point.actions?.[kind] ?? 0] as const);
  const others = point.count - named.reduce((sum, [, count]) => sum + count, 0);
  let top = HEIGHT;
  return (
    <g>
      <title>{`${shortTimeText(point.time)}: ${point.count.toLocaleString()}`}</title>
      <rect class="bar-space" x={x} y={0} width={1} height={HEIGHT} />
      {[...named, ['event', others] as const].map(([kind, count]) => {
        if (count <= 0) return null;
        const height = Math.max((count / most) * (HEIGHT - 2), 1);
        top -= height;
        return <rect key={kind} class={`bar ${kind}`} x={x + 0.1} y={top} width={0.8} height={height} />;
      })}
    </g>
  );
}

function endText(points: readonly TimePoint[], bucketMs: number): string {
  const last = points.at(-1);
  return last === undefined ? '' : shortTimeText(new Date(Date.parse(last.time) + bucketMs).toISOString());
}
