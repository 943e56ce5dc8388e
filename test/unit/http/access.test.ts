import { describe, expect, it } from 'vitest';
import { assertAddressed, assertLoopback, isLoopback } from '../../../src/http/access.ts';

const SERVER = { host: '127.0.0.1', port: 7400 };

describe('the Host header', () => {
  it.each(['localhost:7400', 'LOCALHOST:7400', '127.0.0.1:7400', '[::1]:7400'])('may be %s', (host) => {
    expect(() => assertAddressed({ host, origin: undefined }, SERVER)).not.toThrow();
  });

  it.each(['evil.example:7400', 'localhost', 'localhost:7401', '127.0.0.1.evil.example:7400', '', undefined])(
    'may not be %s',
    (host) => {
      expect(() => assertAddressed({ host, origin: undefined }, SERVER)).toThrow(/answers to/);
    },
  );

  it('may leave out port 80, and be the configured loopback address', () => {
    expect(() =>
      assertAddressed({ host: 'localhost', origin: undefined }, { host: 'localhost', port: 80 }),
    ).not.toThrow();
    expect(() =>
      assertAddressed({ host: '127.0.0.2:7400', origin: undefined }, { host: '127.0.0.2', port: 7400 }),
    ).not.toThrow();
  });
});

describe('the Origin header', () => {
  it('may only be the same origin', () => {
    const from = (origin: string): (() => void) => {
      return () => assertAddressed({ host: 'localhost:7400', origin }, SERVER);
    };
    expect(from('http://localhost:7400')).not.toThrow();
    for (const origin of ['null', 'http://evil.example', 'https://localhost:7400', 'http://127.0.0.1:7400']) {
      expect(from(origin), origin).toThrow(/own pages/);
    }
  });
});

describe('where to listen', () => {
  it('is loopback alone', () => {
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]'])
      expect(isLoopback(host), host).toBe(true);
    for (const host of ['0.0.0.0', '::', '10.0.0.5', 'db.example.org', '127.evil.example', '']) {
      expect(() => assertLoopback(host), host).toThrow(/refused to listen/);
    }
  });
});
