const keys = new Map<string, string>();

/** One for each plan: a request that is sent again because its answer was lost is carried out once. */
export function idempotencyKey(plan: string): string {
  let key = keys.get(plan);
  if (key === undefined) {
    // `randomUUID` takes https.
    key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
    keys.set(plan, key);
  }
  return key;
}
