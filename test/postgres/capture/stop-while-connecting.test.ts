import { expect, it } from 'vitest';
import { ReplicationStream } from '../../../src/capture/wal/replication-stream.ts';
import { readCheckpoint } from '../../../src/store/checkpoint.ts';
import { Dictionary } from '../../../src/store/dictionary.ts';
import { StoreWriter } from '../../../src/store/writer.ts';
import { createPool } from '../../../src/pg/pool.ts';
import { prepareCapture } from '../../harness/capture.ts';
import { createDatabase } from '../../harness/database.ts';

it('a replication connection that is stopped while it connects is over', async () => {
  await using database = await createDatabase();
  const stream = new ReplicationStream({
    url: database.url,
    slot: 'none',
    publication: 'none',
    handler: { data: () => {}, largeData: () => {}, keepalive: () => {} },
  });
  const connecting = stream.connect();
  connecting.catch(() => {});
  await stream.stop(1_000);
  await expect(connecting).rejects.toMatchObject({ code: 'RT_STREAM' });
});

it('a writer that is closed while it connects is over', async () => {
  await using database = await createDatabase();
  const capture = await prepareCapture(database, { tables: [] });
  const pool = createPool(database.url, 'test', { max: 1 });
  const checkpoint = (await readCheckpoint(pool, 'audit', capture.source.name))!;
  const writer = new StoreWriter({
    url: database.url,
    schema: 'audit',
    checkpoint,
    dictionary: new Dictionary(pool, 'audit', checkpoint.sourceId),
    relationIds: new Map(),
    onDurable: () => {},
    onPressure: () => {},
    onFailure: () => {},
  });
  const starting = writer.start();
  starting.catch(() => {});
  await writer.close();
  await expect(starting).rejects.toMatchObject({ code: 'RT_STORE_WRITE' });
  await pool.end();
});
