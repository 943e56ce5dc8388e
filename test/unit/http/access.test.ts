import { describe, expect, it } from 'vitest';
import { isLoopbackHost } from '../../../src/config/url.ts';
import { assertAddressed, assertLoopback, type ServerAddress } from '../../../src/http/access.ts';

const SERVER: ServerAddress = { host: '127.0.0.1', port: 7400, publicUrl: null, hosts: [] };

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
      assertAddressed({ host: 'localhost', origin: undefined }, { ...SERVER, host: 'localhost', port: 80 }),
    ).not.toThrow();
    expect(() =>
      assertAddressed({ host: '127.0.0.2:7400', origin: undefined }, { ...SERVER, host: '127.0.0.2' }),
    ).not.toThrow();
  });
});

describe('a server for others than this machine', () => {
  const open = { ...SERVER, host: '0.0.0.0' };

  it('answers to its addresses, and to the names that it was given', () => {
    const named = { ...open, publicUrl: 'https://audit.example.org', hosts: ['rowtrail', '2001:db8::1'] };
    for (const host of ['10.0.0.5:7400', '10.0.0.5:8080', '[2001:db8::7]:7400', '10.0.0.5', 'localhost:7400']) {
      expect(() => assertAddressed({ host, origin: undefined }, open), host).not.toThrow();
    }
    for (const host of ['rowtrail:7400', 'ROWTRAIL', 'audit.example.org', 'audit.example.org:443', '[2001:db8::1]:1']) {
      expect(() => assertAddressed({ host, origin: undefined }, named), host).not.toThrow();
      if (!host.startsWith('['))
        expect(() => assertAddressed({ host, origin: undefined }, open), host).toThrow(/answers to/);
    }
    for (const host of [
      'evil.example',
      'audit.example.org:444',
      '10.0.0.5.evil.example',
      '10.0.0.5:7400.evil.example',
    ]) {
      expect(() => assertAddressed({ host, origin: undefined }, named), host).toThrow(/answers to/);
    }
  });

  it('takes its public origin behind a proxy, whatever Host that sends', () => {
    const behind = { ...SERVER, publicUrl: 'https://audit.example.org' };
    for (const host of ['localhost:7400', 'audit.example.org']) {
      expect(() => assertAddressed({ host, origin: 'https://audit.example.org' }, behind)).not.toThrow();
      expect(() => assertAddressed({ host, origin: 'https://audit.example.org.evil.example' }, behind)).toThrow(
        /own pages/,
      );
    }
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
      expect(isLoopbackHost(host), host).toBe(true);
    for (const host of ['0.0.0.0', '::', '10.0.0.5', 'db.example.org', '127.evil.example', '']) {
      expect(() => assertLoopback(host), host).toThrow(/refused to listen/);
    }
  });
});
