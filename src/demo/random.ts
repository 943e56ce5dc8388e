/** Numbers in [0, 1), the same for the same seed. */
export type Random = () => number;

/** mulberry32: a few lines, a period of 2^32, and good enough to make a shop look alive. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `least` to `most`, both included. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

/** One of a list that is not empty. */
export function pick<T>(random: Random, list: readonly [T, ...T[]]): T {
  return list[Math.floor(random() * list.length)] ?? list[0];
}

/** One of a list, as often as its weight says. */
export function pickWeighted<T extends { readonly weight: number }>(random: Random, list: readonly [T, ...T[]]): T {
  const total = list.reduce((sum, item) => sum + item.weight, 0);
  let left = random() * total;
  for (const item of list) {
    left -= item.weight;
    if (left < 0) return item;
  }
  return list[0];
}

/** A UUID version 4 out of `random`. */
export function randomUuid(random: Random): string {
  const digits = Array.from({ length: 32 }, () => between(random, 0, 15).toString(16));
  digits[12] = '4';
  digits[16] = '89ab'.charAt(between(random, 0, 3));
  const text = digits.join('');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}
