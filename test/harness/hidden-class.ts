import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

let compare: ((a: object, b: object) => boolean) | undefined;

/**
 * Whether V8 has one hidden class for both. In Node 20 it makes a new one each time of a literal that begins with a spread and adds
 * members to it: some kB in the old generation, which is collected the more often, and whatever reads the object is slower.
 */
export function isOfOneHiddenClass(a: object, b: object): boolean {
  compare ??= compileComparison();
  return compare(a, b);
}

/** The last two of many, as V8 makes the first ones in other ways. */
export async function lastTwo<Made>(make: () => Made | Promise<Made>): Promise<[Made, Made]> {
  for (let i = 0; i < MADE_BEFORE; i += 1) await make();
  return [await make(), await make()];
}

const MADE_BEFORE = 100;

/** V8's own functions have a syntax of their own, which no file that is read by other tools can have. */
function compileComparison(): (a: object, b: object) => boolean {
  setFlagsFromString('--allow-natives-syntax');
  return new Script('(a, b) => %HaveSameMap(a, b)').runInThisContext() as (a: object, b: object) => boolean;
}
