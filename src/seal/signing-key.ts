import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import { sealText, type Seal, type SealContent } from './seal.ts';

/** Characters of the SHA-256 of a public key by which it is told from others. */
const KEY_ID_LENGTH = 16;

/** The key that seals are signed with. */
export interface SigningKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  /** PEM. */
  readonly publicKey: string;
}

/** A new Ed25519 pair, PEM. */
export function createKeyPair(): { readonly id: string; readonly privateKey: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { id: keyId(publicKey), privateKey: pem(privateKey), publicKey: pem(publicKey) };
}

/** Reads an Ed25519 private key (PKCS #8, PEM). Throws RT_SEAL_KEY. */
export async function readSigningKey(path: string): Promise<SigningKey> {
  const privateKey = await readKey(path, 'private', createPrivateKey);
  const publicKey = createPublicKey(privateKey);
  return { id: keyId(publicKey), privateKey, publicKey: pem(publicKey) };
}

/** Reads an Ed25519 public key (SPKI, PEM). Throws RT_SEAL_KEY. */
export function readPublicKey(path: string): Promise<KeyObject> {
  return readKey(path, 'public', createPublicKey);
}

async function readKey(
  path: string,
  kind: 'private' | 'public',
  create: (text: string) => KeyObject,
): Promise<KeyObject> {
  const hint = '`rowtrail seal key --output seal-key.pem` makes an Ed25519 pair.';
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new RowtrailError('RT_SEAL_KEY', `the ${kind} key ${path} cannot be read: ${messageOf(error)}`, { hint });
  }
  try {
    const key = create(text);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // What OpenSSL says of it helps nobody.
  }
  throw new RowtrailError('RT_SEAL_KEY', `${path} is not an Ed25519 ${kind} key in PEM`, { hint });
}

export function publicKeyOf(key: SigningKey): KeyObject {
  return createPublicKey(key.privateKey);
}

export function keyId(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex').slice(0, KEY_ID_LENGTH);
}

export function signSeal(seal: SealContent, key: SigningKey): Buffer {
  return sign(null, Buffer.from(sealText(seal)), key.privateKey);
}

export function isSignedBy(seal: Seal, publicKey: KeyObject): boolean {
  return seal.signature !== null && verify(null, Buffer.from(sealText(seal)), publicKey, seal.signature);
}

function pem(key: KeyObject): string {
  return key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }).toString();
}
