import { expect, it } from 'vitest';
import { createDatabase, createRole } from '../../harness/database.ts';
import { programFor, type Program } from '../../harness/program.ts';
import { configFor, runSetup } from '../setup-fixture.ts';

const COMMANDS: readonly (readonly string[])[] = [
  ['log'],
  ['show', '1'],
  ['tail'],
  ['export', '--format', 'csv'],
  ['report', 'shop', 'public.items', '1', '--format', 'json'],
  ['revert', 'entry', '1'],
  ['token', 'list'],
  ['verify'],
  ['seal', 'export'],
  ['status'],
];

it(
  'a role without rights on the store, and a store that is not there, are named as that by every command',
  { timeout: 120_000 },
  async () => {
    await using role = await createRole();
    await using db = await createDatabase();
    await using empty = await createDatabase();
    await db.query('create table items (id integer primary key)');
    const config = configFor(db);
    await runSetup(config);
    const storeAt = (url: string): typeof config => ({ ...config, store: { ...config.store, url } });
    await using withoutRights = await programFor(storeAt(role.url(db)));
    await using withoutStore = await programFor(storeAt(empty.url));
    const outcomes = async (program: Program, commands: typeof COMMANDS): Promise<string[]> =>
      Promise.all(
        commands.map(async (command) => {
          const { code, stderr } = await program.run(...command);
          return `${command.join(' ')}: ${code} ${/RT_[A-Z_]+/.exec(stderr)?.[0] ?? stderr}`;
        }),
      );
    expect(await outcomes(withoutRights, COMMANDS)).toEqual(
      COMMANDS.map((command) => `${command.join(' ')}: 1 RT_PRIVILEGE`),
    );
    const some = COMMANDS.filter(([name]) => name === 'log' || name === 'seal' || name === 'verify');
    expect(await outcomes(withoutStore, some)).toEqual(
      some.map((command) => `${command.join(' ')}: 1 RT_STORE_MISSING`),
    );
  },
);
