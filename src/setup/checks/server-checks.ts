import type { SourceConfig } from '../../config/config.ts';
import type { SystemIdentity } from '../../capture/wal/system-identity.ts';
import { MIN_VERSION, VERSION_NEEDED } from '../../pg/server-version.ts';
import type { Problem } from '../preflight.ts';
import { mappedSettings, setupOptions, SOURCE_SQL_VERSION } from '../source-sql.ts';
import type { SourceState } from '../source-state.ts';
import { ok, problem, warning, type Finding } from './check.ts';

/** Free slots or senders below this deserve a word. */
const FREE_WARNING = 1;
/** Clocks further apart than this make "when" hard to compare. */
export const CLOCK_SKEW_WARNING_MS = 5000;

export function versionCheck(version: number, text: string): Finding {
  if (version >= MIN_VERSION) return ok('version', `PostgreSQL ${text}`);
  return problem('version', `PostgreSQL ${text} is too old`, VERSION_NEEDED);
}

export function walLevelCheck(state: SourceState): Finding {
  if (state.inRecovery) return problem('wal-level', 'the server is a standby', 'Point `url` at the primary.');
  if (state.walLevel === 'logical') return ok('wal-level', 'wal_level is logical');
  return problem(
    'wal-level',
    `wal_level is ${state.walLevel}, and has to be logical`,
    'Run `alter system set wal_level = logical` and restart PostgreSQL (hosted: rds.logical_replication = 1, cloudsql.logical_decoding = on or the like). Where that cannot be had, set `capture: trigger`, which needs neither.',
  );
}

export function replicationCheck(system: SystemIdentity | null, failure: Problem | null): Finding {
  if (system !== null) return ok('replication', 'a replication connection can be had');
  return problem(
    'replication',
    failure?.message ?? 'no replication connection',
    `${failure?.fix ?? 'Check `url`.'} Where replication cannot be had, set \`capture: trigger\`.`,
  );
}

export function capacityCheck(state: SourceState): Finding {
  const slots = state.maxSlots - state.usedSlots;
  const senders = state.maxSenders - state.usedSenders;
  const text = `${slots} of ${state.maxSlots} replication slots and ${senders} of ${state.maxSenders} WAL senders are free`;
  const fix = 'Raise max_replication_slots and max_wal_senders, and restart PostgreSQL.';
  const needsSlot = state.slot === null && slots < 1;
  const needsSender = (state.slot === null || state.slot.activePid === null) && senders < 1;
  if (needsSlot || needsSender) return problem('capacity', text, fix);
  if (slots < FREE_WARNING || senders < FREE_WARNING) return warning('capacity', text, fix);
  return ok('capacity', text);
}

/** A daemon that is stopped must not fill the disk. DESIGN §2.5. */
export function walBoundCheck(state: SourceState, source: SourceConfig): Finding {
  if (state.maxSlotWalKeepMb >= 0) {
    return ok(
      'wal-bound',
      `max_slot_wal_keep_size is ${state.maxSlotWalKeepMb} MB: a stopped daemon cannot fill the disk`,
    );
  }
  if (source.allowUnboundedWal) {
    return warning(
      'wal-bound',
      'max_slot_wal_keep_size is not set, and allowUnboundedWal accepts that a stopped daemon fills the disk',
      'Watch the free space of the disk, and `retained` in `rowtrail status`.',
    );
  }
  return problem(
    'wal-bound',
    'max_slot_wal_keep_size is not set: while the daemon is stopped, WAL piles up until the disk is full',
    "Run `alter system set max_slot_wal_keep_size = '20GB'` (less than the free space) and `select pg_reload_conf()`, or set allowUnboundedWal: true.",
  );
}

/** The objects of schema rowtrail, seen with the daemon's rights. */
export function installCheck(state: SourceState, source: SourceConfig): Finding {
  if (state.rowtrailSchema === 'absent')
    return problem('install', 'Rowtrail is not installed here', 'Run `rowtrail setup`.');
  if (state.rowtrailSchema === 'foreign') {
    return problem(
      'install',
      'the schema rowtrail holds something else',
      'Rename that schema, then run `rowtrail setup`.',
    );
  }
  const { install } = state;
  if (install === null) {
    return problem(
      'install',
      `role ${state.role} cannot read rowtrail.install: session facts could not be verified`,
      'Run `rowtrail setup` again: it grants what the role of `url` needs.',
    );
  }
  if (install.slot !== source.slot || install.publication !== source.publication) {
    return problem(
      'install',
      `installed for slot ${install.slot} and publication ${install.publication}, configured are ${source.slot} and ${source.publication}`,
      'Use the installed names, or run `rowtrail teardown` with them and then `rowtrail setup`.',
    );
  }
  if (install.version !== SOURCE_SQL_VERSION) {
    return problem(
      'install',
      `the source's objects are of version ${install.version}, this Rowtrail has ${SOURCE_SQL_VERSION}`,
      'Run `rowtrail setup`.',
    );
  }
  if (state.hasOutbox !== (source.capture === 'trigger')) {
    return problem(
      'install',
      `installed for capture: ${state.hasOutbox ? 'trigger' : 'wal'}, configured is ${source.capture}`,
      'Run `rowtrail setup`: it changes over, begins a new epoch and records the gap.',
    );
  }
  if (install.contextSettings.join('\n') !== mappedSettings(source).join('\n')) {
    return problem(
      'install',
      'the settings mapped by `context` have changed since setup: claims would be mixed up',
      'Run `rowtrail setup`.',
    );
  }
  if (install.options !== setupOptions(source)) {
    return problem(
      'install',
      'what the configuration says of tables has changed since setup: new tables would be tracked as it was before',
      'Run `rowtrail setup`.',
    );
  }
  return ok('install', 'schema rowtrail is in place');
}

/** Whatever would make the context trigger fail an application's write. */
export function applicationCheck(state: SourceState): Finding {
  if (state.revokedFunctions.length > 0) {
    return problem(
      'application-rights',
      `PUBLIC may not execute ${state.revokedFunctions.join(', ')}: writes of ordinary roles to tracked tables fail`,
      state.revokedFunctions.map((name) => `grant execute on function ${name} to public;`).join(' '),
    );
  }
  if (state.unreadableSettings.length > 0) {
    return problem(
      'application-rights',
      `not every role may read ${state.unreadableSettings.join(', ')}: writes to tracked tables fail`,
      'Map other settings in `context` and run `rowtrail setup`.',
    );
  }
  return ok('application-rights', 'every role may call what the context trigger calls');
}

/** `skewMs`: the other clock's time less this machine's. */
export function clockCheck(skewMs: number): Finding {
  const text = `its clock and this machine's are ${Math.round(Math.abs(skewMs))} ms apart`;
  if (Math.abs(skewMs) < CLOCK_SKEW_WARNING_MS) return ok('clock', text);
  return warning('clock', text, 'Run a time service (chrony, ntpd) on both machines.');
}
