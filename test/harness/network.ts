import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PREFIX = 'rowtrail-test';

/** A network of its own for one process, with two cables to this machine, each of which can be pulled. */
export interface Network extends AsyncDisposable {
  /** To be put before a command that is to live in it. */
  readonly command: readonly string[];
  /** Where this machine is, over the one cable and over the other. */
  readonly hosts: readonly [string, string];
  /** Nothing passes over that cable any more, and nobody is told. */
  pull(cable: 0 | 1): Promise<void>;
  plug(cable: 0 | 1): Promise<void>;
}

/** Whether this process may make networks: it has to be root, and iproute2 to be there. */
export async function mayMakeNetworks(): Promise<boolean> {
  try {
    await ip('netns', 'add', `${PREFIX}-try`);
    await ip('netns', 'del', `${PREFIX}-try`);
    return true;
  } catch {
    return false;
  }
}

/** https://man7.org/linux/man-pages/man8/ip-netns.8.html */
export async function makeNetwork(): Promise<Network> {
  const name = `${PREFIX}-${process.pid}`;
  const hosts = ['10.217.1.1', '10.217.2.1'] as const;
  await ip('netns', 'add', name);
  await ip('-n', name, 'link', 'set', 'lo', 'up');
  for (const cable of [0, 1] as const) {
    await ip('link', 'add', near(cable), 'type', 'veth', 'peer', 'name', far(cable), 'netns', name);
    await ip('addr', 'add', `${hosts[cable]}/24`, 'dev', near(cable));
    await ip('link', 'set', near(cable), 'up');
    await ip('-n', name, 'addr', 'add', hosts[cable].replace(/1$/, '2/24'), 'dev', far(cable));
    await ip('-n', name, 'link', 'set', far(cable), 'up');
  }
  return {
    command: ['ip', 'netns', 'exec', name],
    hosts,
    pull: (cable) => ip('link', 'set', near(cable), 'down'),
    plug: (cable) => ip('link', 'set', near(cable), 'up'),
    [Symbol.asyncDispose]: () => ip('netns', 'del', name),
  };
}

/** Names of interfaces have at most 15 characters. */
const near = (cable: number): string => `rt${process.pid % 1_000_000}n${cable}`;
const far = (cable: number): string => `rt${process.pid % 1_000_000}f${cable}`;

async function ip(...args: string[]): Promise<void> {
  await run('ip', args);
}
