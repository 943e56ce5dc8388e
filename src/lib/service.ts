/** A long-lived part of the daemon: it starts, drains and stops. */
export interface Service {
  readonly name: string;
  /** Resolves when the service has ended by itself or by `stop`; rejects when it failed for good. */
  run(): Promise<void>;
  /** Asks for an orderly end. Resolves when nothing of the service is left running. Safe to call twice. */
  stop(): Promise<void>;
}
