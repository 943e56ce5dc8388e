import { connect } from './bench-server.ts';
import type { LoadCommand, LoadReport } from './load-message.ts';

// Transactions at a steady rate, in a process of its own: each is due at its moment, whether the ones before it were
// quick or not. Takes its task as a message, says when it is warm, and ends on SIGTERM with what it did.
process.once('message', (command) => {
  void run(command as LoadCommand);
});

const CONNECTIONS = 4;
/** Transactions that are late by more than this are not caught up with: the server is slower than the rate. */
const MAX_BEHIND_MS = 1_000;

const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());

async function run({ url, perSecond, firstId }: LoadCommand): Promise<void> {
  let nextId = firstId;
  let behind = 0;
  const startedAt = performance.now();
  const periodMs = (1_000 * CONNECTIONS) / perSecond;
  const work = async (number: number): Promise<number> => {
    const client = await connect(url);
    let done = 0;
    let due = performance.now() + (periodMs * number) / CONNECTIONS;
    while (!stopping.signal.aborted) {
      const early = due - performance.now();
      if (early > 1) await new Promise((resolve) => setTimeout(resolve, Math.floor(early)));
      else if (early < -MAX_BEHIND_MS) {
        behind += 1;
        due = performance.now();
      }
      const id = (nextId += 1);
      // One string, as a driver with a pipeline would send it.
      await client.query(
        `begin; select set_config('rowtrail.user_id', '${id % 97}', true), set_config('rowtrail.ip', '203.0.113.9', true);
         insert into public.orders values (${id}, 'load', 12.50); commit`,
      );
      done += 1;
      due += periodMs;
    }
    await client.end();
    return done;
  };
  process.send?.('started');
  const done = await Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => work(number)));
  const transactions = done.reduce((total, each) => total + each, 0);
  const report: LoadReport = { perSecond: (transactions / (performance.now() - startedAt)) * 1_000, behind };
  process.send?.(report, () => process.disconnect());
}
