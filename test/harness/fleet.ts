import type { Capture, DaemonProcess } from './capture.ts';
import { until } from './poll.ts';

const STREAMING = 'capture is streaming';

/** Several daemons of one configuration, as processes: one captures, the others stand by. */
export class Fleet implements AsyncDisposable {
  readonly #capture: Capture;
  readonly #size: number;
  readonly #members: DaemonProcess[] = [];

  constructor(capture: Capture, size: number) {
    this.#capture = capture;
    this.#size = size;
  }

  /** Starts as many as are missing; returns when each of them serves HTTP. */
  async fill(): Promise<void> {
    while (this.#members.length < this.#size) this.#members.push(await this.#capture.spawn());
    await Promise.all(this.#members.map(urlOf));
  }

  /** The one that captures. One that lost its slot counts no more once it has said so. */
  leader(): Promise<DaemonProcess> {
    return until(() => this.#members.find(isLeading) ?? null, { what: 'one of the daemons captures' });
  }

  standbys(): DaemonProcess[] {
    return this.#members.filter((member) => !isLeading(member));
  }

  /** Takes the one that captures away with -9. */
  async killLeader(): Promise<void> {
    const leader = await this.leader();
    leader.kill('SIGKILL');
    await leader.exited;
    this.#members.splice(this.#members.indexOf(leader), 1);
    await leader[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((member) => member[Symbol.asyncDispose]()));
  }
}

/** Where a daemon's process serves HTTP, as it says in its log. */
export function urlOf(daemon: DaemonProcess): Promise<string> {
  return until(() => /"url":"(http:[^"]+)"/.exec(daemon.stderr())?.[1] ?? null, { what: 'the daemon serves' });
}

function isLeading(daemon: DaemonProcess): boolean {
  const said = daemon.stderr();
  return said.lastIndexOf(STREAMING) > said.lastIndexOf('"state":"waiting"');
}
