import { it } from 'vitest';
import { createDatabase } from '../harness/database.ts';
import { startServer } from '../harness/server.ts';
import { assertTooLargeIsPassedOver } from '../faults/too-large.ts';

it('a 550 MB row updated under identity full stops capture, and the runbook passes over it', async () => {
  // Gigabytes of memory, for a server of its own.
  await using server = await startServer();
  const database = await createDatabase(server.url);
  // Old and new together are more than the 1 GB of one message; compressed it is little.
  await assertTooLargeIsPassedOver(database, {
    tables: `create table big (id int primary key, a text, b text, c text, d text, e text);
      insert into big select 1, x, x, x, x, x from (select repeat('x', 110000000) x offset 0) q`,
    change: `update big set a = x, b = x, c = x, d = x, e = x from (select repeat('y', 110000000) x offset 0) q`,
  });
  await database[Symbol.asyncDispose]();
});
