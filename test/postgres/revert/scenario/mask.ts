import type { TableOptions } from '../../../../src/config/config.ts';
import type { Scenario } from './scenario.ts';

const PEOPLE_RULES: TableOptions = { exclude: ['pin'], hash: ['email'], redact: ['notes'], identity: null };

/** A table of this name is masked in whichever schema a scenario gets. */
export const MASKED_TABLES: Readonly<Record<string, TableOptions>> = Object.fromEntries(
  Array.from({ length: 200 }, (_, n) => [`case_${n}.people`, PEOPLE_RULES]),
);

const PEOPLE = `create table people (id int primary key, name text, email text, notes text, pin text);
  insert into people values (1, 'Ana', 'a@x', 'n1', '1111'), (2, 'Bob', 'b@x', 'n2', '2222')`;

export const MASKS: readonly Scenario[] = [
  {
    name: 'a hashed column is impossible: its hash is never written back',
    schema: PEOPLE,
    workload: `update people set email = 'c@x' where id = 1`,
    steps: ['none people 1 impossible: email is masked: its values are not in the history'],
    applies: false,
  },
  {
    name: 'a redacted column is impossible',
    schema: PEOPLE,
    workload: `update people set notes = 'n3' where id = 1`,
    steps: ['none people 1 impossible: notes is masked: its values are not in the history'],
    applies: false,
  },
  {
    name: 'a deleted row with masked columns is impossible, forced or not',
    schema: PEOPLE,
    workload: 'delete from people where id = 2',
    rest: { onConflict: 'force' },
    steps: [
      'none people 2 impossible: email is masked: its value is not in the history; notes is masked: its value is not in the history; pin is masked: its value is not in the history',
    ],
    applies: false,
  },
  {
    name: 'what is not masked in the same row goes back, by fields',
    schema: PEOPLE,
    workload: `update people set name = 'Anna', email = 'c@x' where id = 1`,
    rest: { fields: ['name'] },
    steps: ['update people 1 ready'],
    end: { people: ['(1,Ana,c@x,n1,1111)', '(2,Bob,b@x,n2,2222)'] },
  },
  {
    name: 'an inserted row with masked columns goes',
    schema: PEOPLE,
    workload: `insert into people values (3, 'Cleo', 'c@x', 'n3', '3333')`,
    steps: ['delete people 3 ready'],
    back: null,
  },
];
