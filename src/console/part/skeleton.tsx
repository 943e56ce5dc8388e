/** Lines of grey in the place of what is on its way. */
export function SkeletonLines({ count }: { readonly count: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: count }, (_, at) => (
        <span key={at} style={{ width: `${92 - ((at * 37) % 45)}%` }} />
      ))}
    </div>
  );
}
