import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Of a token, which programs send; of a sign-in, which a browser holds. */
export type SecretKind = 'token' | 'sign-in';

const PREFIXES: Readonly<Record<SecretKind, string>> = { token: 'rt_', 'sign-in': 'rs_' };
const RANDOM_BYTES = 32;
const RANDOM_LENGTH = 43;

/** 256 random bits behind a prefix by which secret scanners find it. */
export function newSecret(kind: SecretKind): string {
  return PREFIXES[kind] + randomBytes(RANDOM_BYTES).toString('base64url');
}

/** Whether the text has the form of such a secret; anything else need not be looked up. */
export function isSecret(text: string, kind: SecretKind): boolean {
  const prefix = PREFIXES[kind];
  return text.startsWith(prefix) && text.length === prefix.length + RANDOM_LENGTH && /^\w\w_[\w-]+$/.test(text);
}

/** Enough for a secret that can't be guessed: a slow hash protects passwords, which can. */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

export function sameHash(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
