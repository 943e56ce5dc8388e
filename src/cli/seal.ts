import { open } from 'node:fs/promises';
import { Command } from 'commander';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';
import { assertMigrated, storeMigrations } from '../pg/migrate.ts';
import { createPool, explainDatabaseError } from '../pg/pool.ts';
import { headOf } from '../seal/head.ts';
import { readLastSeal } from '../seal/sealer.ts';
import { createKeyPair, readSigningKey } from '../seal/signing-key.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import { writeOutput } from './output-file.ts';

/** Who runs it alone may read it. */
const PRIVATE_MODE = 0o600;

export function sealCommand(context: CliContext): Command {
  return new Command('seal')
    .description('the chain of seals: export its head, make a key to sign it with')
    .addCommand(exportCommand(context))
    .addCommand(keyCommand(context));
}

function exportCommand(context: CliContext): Command {
  return databaseCommand('export', 'write the last seal as JSON, to be kept where the store’s owner cannot write')
    .option('-o, --output <file>', 'where to; - is standard output', '-')
    .action(async (options: { config?: string; output: string }) => {
      const { store, seal: config } = await configOf(context, options);
      const pool = createPool(store.url, 'seal export', { max: 1 });
      try {
        await assertMigrated(pool, store.schema, await storeMigrations());
        const seal = await readLastSeal(pool, store.schema);
        if (seal === null) {
          throw new RowtrailError('RT_SEAL_MISSING', 'there is no seal yet', {
            hint: '`rowtrail run` makes them, once a minute where there are new entries (seal.interval).',
          });
        }
        const key = config.keyFile === null ? null : await readSigningKey(config.keyFile);
        const text = `${JSON.stringify(headOf(seal, key), null, 2)}\n`;
        await writeOutput(chunksOf(text), options.output, context.terminal.write);
        if (options.output !== '-') context.terminal.note(`Seal ${seal.number}, to ${options.output}.`);
        context.exitCode = EXIT.ok;
      } catch (error) {
        throw explainDatabaseError(error, 'the store', store.url);
      } finally {
        await pool.end();
      }
    });
}

function keyCommand(context: CliContext): Command {
  return new Command('key')
    .description('make an Ed25519 key for `seal.keyFile`, and its public half for `verify --public-key`')
    .requiredOption('-o, --output <file>', 'the private key; the public one gets the same name with .pub')
    .allowExcessArguments(false)
    .action(async ({ output }: { output: string }) => {
      const pair = createKeyPair();
      await writeNew(output, pair.privateKey, PRIVATE_MODE);
      await writeNew(`${output}.pub`, pair.publicKey, 0o644);
      context.terminal.print(`Key ${pair.id}: ${output} (private), ${output}.pub (public)`);
      context.terminal.note(
        'Set seal.keyFile to the private one. Keep the public one, and a copy of both, where the store’s owner cannot write.',
      );
      context.exitCode = EXIT.ok;
    });
}

/** A key that is there already is not written over: what it signed could not be verified any more. */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    const file = await open(path, 'wx', mode);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
  } catch (error) {
    const reason = codeOf(error) === 'EEXIST' ? 'it is there already' : messageOf(error);
    throw new RowtrailError('RT_USAGE', `cannot write ${path}: ${reason}`, {
      hint: 'Name another file.',
      cause: error,
    });
  }
}

async function* chunksOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
