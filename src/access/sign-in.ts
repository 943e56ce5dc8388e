import { hashOf, newSecret } from './secret.ts';
import { askStore, type TokenStore } from './store-access.ts';

/** How long a browser stays signed in, unless its token ends before. */
export const SIGN_IN_HOURS = 12;

/** Gives a browser a secret of its own, so that the token itself is kept nowhere. */
export async function signIn(store: TokenStore, tokenId: string): Promise<string> {
  const secret = newSecret('sign-in');
  await askStore(
    store,
    `with over as (delete from :schema.sign_ins where expires_at < clock_timestamp())
     insert into :schema.sign_ins (hash, token_id, expires_at)
     select $1::bytea, t.id, least(t.expires_at, clock_timestamp() + make_interval(hours => $3::integer))
     from :schema.tokens t where t.id = $2::bigint`,
    [hashOf(secret), tokenId, SIGN_IN_HOURS],
  );
  return secret;
}

/** Of one that is over already, nothing. */
export async function signOut(store: TokenStore, secret: string): Promise<void> {
  await askStore(store, 'delete from :schema.sign_ins where hash = $1::bytea', [hashOf(secret)]);
}
