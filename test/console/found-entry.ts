import { until } from '../harness/poll.ts';

/** The newest entry that a search of the console at `base` finds, once there is one. */
export function foundEntry(base: string, q: string): Promise<string> {
  const url = new URL(`/api/v1/activity?${new URLSearchParams({ q, limit: '1' }).toString()}`, base);
  return until(
    async () => {
      const { data } = (await (await fetch(url)).json()) as { data: readonly { readonly id: string }[] };
      return data[0]?.id;
    },
    { timeoutMs: 100_000, what: `something is found by ${q}` },
  );
}
