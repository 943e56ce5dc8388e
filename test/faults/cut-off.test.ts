import { expect, it } from 'vitest';
import type { DaemonProcess } from '../harness/capture.ts';
import { createDatabase } from '../harness/database.ts';
import { clockOf, storedSince } from '../harness/failover.ts';
import { makeNetwork, mayMakeNetworks } from '../harness/network.ts';
import { until } from '../harness/poll.ts';
import { assertStoreInvariants } from '../harness/oracle.ts';
import { startProxy } from '../harness/proxy.ts';
import { startServer } from '../harness/server.ts';
import { assertComplete, gapsOf, loaded, startLoad } from './scene.ts';

const WAL_SENDER_TIMEOUT_MS = 3_000;
const SEED = Math.floor(Math.random() * 1e6);

it.runIf(await mayMakeNetworks())(
  `a daemon that the network cuts off from its databases is replaced, and writes nothing when it is back (seed ${SEED})`,
  { timeout: 360_000 },
  async () => {
    await using network = await makeNetwork();
    await using server = await startServer({ wal_sender_timeout: `${WAL_SENDER_TIMEOUT_MS}ms` });
    await using database = await createDatabase(server.url);
    await using store = await createDatabase(server.url);
    const capture = await loaded(database, store);
    // Servers of tests listen on loopback only.
    await using toSource = await startProxy(database.url, network.hosts[0]);
    await using toStore = await startProxy(store.url, network.hosts[1]);
    await using remote = await capture.spawn({
      command: network.command,
      sourceUrl: toSource.url,
      storeUrl: toStore.url,
    });
    await remote.streaming;
    await using load = await startLoad(database, SEED);
    const tookMs: number[] = [];
    // First from the source alone: what it has received it could still write. Then from both.
    for (const cables of [[0], [0, 1]] as const) {
      await using local = await capture.spawn();
      await says(local, 'RT_SLOT_BUSY');
      const before = remote.stderr().length;
      await Promise.all(cables.map((cable) => network.pull(cable)));
      const pulledAt = performance.now();
      await local.streaming;
      tookMs.push(Math.round(performance.now() - pulledAt));
      const now = await clockOf(database);
      await until(() => storedSince(store, now), { what: 'the other one stores' });
      await Promise.all(cables.map((cable) => network.plug(cable)));
      await until(() => /"state":"waiting"/.test(remote.stderr().slice(before)), {
        timeoutMs: 60_000,
        what: 'the one that was cut off stands by',
      });
      const back = remote.stderr().length;
      local.kill('SIGTERM');
      expect(await local.exited).toEqual({ code: 0, signal: null });
      await until(() => remote.stderr().slice(back).includes('capture is streaming'), {
        timeoutMs: 60_000,
        what: 'the one that was cut off captures again',
      });
    }
    await load.stop();
    await assertComplete(capture);
    await assertStoreInvariants(store);
    expect(await gapsOf(capture)).toEqual([]);
    console.log({ seed: SEED, tookMs, walSenderTimeoutMs: WAL_SENDER_TIMEOUT_MS });
  },
);

function says(daemon: DaemonProcess, text: string): Promise<boolean> {
  return until(() => daemon.stderr().includes(text), { what: text });
}
