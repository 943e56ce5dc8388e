import type { HttpConfig } from '../../src/config/config.ts';

/** On loopback and any free port, for anyone, unless told otherwise. */
export function httpConfig(overrides: Partial<HttpConfig> = {}): HttpConfig {
  return {
    host: '127.0.0.1',
    port: 0,
    publicUrl: null,
    hosts: [],
    auth: { mode: 'none', publicMetrics: false },
    requestsPerMinute: 6000,
    contact: null,
    journal: { reads: true, exports: true, reverts: true, denials: true },
    ...overrides,
  };
}
