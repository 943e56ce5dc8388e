// Made from the OpenAPI document by `npm run console:types`: not to be edited.

export type ActivityPage = {
  readonly data: readonly (Entry)[];
  readonly meta: {
    readonly next: string | null;
    readonly prev: string | null;
    readonly searched?: {
      readonly until: string;
    };
    readonly count?: {
      readonly value: number;
      readonly exact: boolean;
    };
    readonly resume?: string;
  };
};

export type Actor = {
  readonly id: string;
  readonly kind: 'user' | 'database' | 'replication' | 'api' | 'unknown';
  readonly claim: string;
  readonly name: string | null;
};

export type CommentAnswer = {
  readonly data: Entry;
};

export type CommentsPage = {
  readonly data: readonly (Entry)[];
  readonly meta: {
    readonly next: string | null;
    readonly prev: string | null;
  };
};

export type Entry = {
  readonly id: string;
  readonly action: string;
  readonly timestamp: string;
  readonly source: string | null;
  readonly schema: string | null;
  readonly table: string | null;
  readonly record: string | null;
  readonly key: Readonly<Record<string, unknown>> | null;
  readonly changed: readonly (string)[];
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly user: {
    readonly id: string;
    readonly name: string | null;
  } | null;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly comment: string | null;
  readonly request_id: string | null;
  readonly context: unknown;
  readonly attribution: 'app' | 'database' | 'replication' | 'api' | 'unknown';
  readonly database: {
    readonly role: string;
    readonly session_role: string;
    readonly application_name: string | null;
    readonly client_addr: string | null;
    readonly pid: number | null;
  } | null;
  readonly transaction: {
    readonly id: string;
    readonly xid: string | null;
    readonly lsn: string | null;
    readonly ordinal: number | null;
    readonly size: number | null;
  } | null;
  readonly reverts: readonly (string)[];
  readonly reverted_by: readonly (string)[];
  readonly comments: number;
  readonly incomplete: {
    readonly columns: readonly (string)[];
    readonly reason: 'toast' | 'identity' | 'masked' | 'gap';
    readonly masked?: readonly (string)[];
  } | null;
  readonly api?: {
    readonly id: string;
    readonly token: string;
  };
  readonly data?: unknown;
};

export type EntryAnswer = {
  readonly data: {
    readonly id: string;
    readonly action: string;
    readonly timestamp: string;
    readonly source: string | null;
    readonly schema: string | null;
    readonly table: string | null;
    readonly record: string | null;
    readonly key: Readonly<Record<string, unknown>> | null;
    readonly changed: readonly (string)[];
    readonly before: Readonly<Record<string, unknown>> | null;
    readonly after: Readonly<Record<string, unknown>> | null;
    readonly user: {
      readonly id: string;
      readonly name: string | null;
    } | null;
    readonly ip: string | null;
    readonly user_agent: string | null;
    readonly comment: string | null;
    readonly request_id: string | null;
    readonly context: unknown;
    readonly attribution: 'app' | 'database' | 'replication' | 'api' | 'unknown';
    readonly database: {
      readonly role: string;
      readonly session_role: string;
      readonly application_name: string | null;
      readonly client_addr: string | null;
      readonly pid: number | null;
    } | null;
    readonly transaction: {
      readonly id: string;
      readonly xid: string | null;
      readonly lsn: string | null;
      readonly ordinal: number | null;
      readonly size: number | null;
    } | null;
    readonly reverts: readonly (string)[];
    readonly reverted_by: readonly (string)[];
    readonly comments: number;
    readonly incomplete: {
      readonly columns: readonly (string)[];
      readonly reason: 'toast' | 'identity' | 'masked' | 'gap';
      readonly masked?: readonly (string)[];
    } | null;
    readonly api?: {
      readonly id: string;
      readonly token: string;
    };
    readonly data?: unknown;
    readonly siblings: {
      readonly data: readonly (Entry)[];
      readonly total: number;
    };
    readonly seal: {
      readonly number: number;
      readonly sealed_at: string;
      readonly hash: string;
      readonly key_id: string | null;
    } | null;
  };
};

export type EntryMark = {
  readonly id: string;
  readonly action: string;
  readonly timestamp: string;
  readonly record: string | null;
  readonly actor: Actor | null;
  readonly attribution: 'app' | 'database' | 'replication' | 'api' | 'unknown';
};

export type EventsAnswer = {
  readonly data: {
    readonly id: string;
    readonly event: string;
    readonly created: boolean;
  } | readonly ({
    readonly id: string;
    readonly event: string;
    readonly created: boolean;
  })[];
};

export type InsightBreakdown = {
  readonly data: readonly ({
    readonly count: number;
    readonly source?: string | null;
    readonly schema?: string | null;
    readonly table?: string | null;
    readonly user?: Actor;
    readonly field?: string;
    readonly action?: string;
    readonly attribution?: string;
  })[];
  readonly meta: {
    readonly window: {
      readonly from: string;
      readonly to: string;
    };
    readonly exact: boolean;
    readonly groups: number | null;
    readonly total: number | null;
    readonly searched?: {
      readonly entries: number;
    };
  };
};

export type InsightHeatmap = {
  readonly data: readonly ({
    readonly weekday: number;
    readonly hour: number;
    readonly count: number;
  })[];
  readonly meta: {
    readonly window: {
      readonly from: string;
      readonly to: string;
    };
    readonly exact: boolean;
    readonly tz: string;
  };
};

export type InsightSummary = {
  readonly data: {
    readonly current: {
      readonly window: {
        readonly from: string;
        readonly to: string;
      };
      readonly exact: boolean;
      readonly actions: number;
      readonly creates: number;
      readonly updates: number;
      readonly deletes: number;
      readonly truncates: number;
      readonly baselines: number;
      readonly direct: number;
      readonly actors: {
        readonly value: number;
        readonly exact: boolean;
      };
      readonly resources: {
        readonly value: number;
        readonly exact: boolean;
      };
      readonly reverts: number;
    };
    readonly previous: {
      readonly window: {
        readonly from: string;
        readonly to: string;
      };
      readonly exact: boolean;
      readonly actions: number;
      readonly creates: number;
      readonly updates: number;
      readonly deletes: number;
      readonly truncates: number;
      readonly baselines: number;
      readonly direct: number;
      readonly actors: {
        readonly value: number;
        readonly exact: boolean;
      };
      readonly resources: {
        readonly value: number;
        readonly exact: boolean;
      };
      readonly reverts: number;
    };
  };
};

export type InsightTimeseries = {
  readonly data: readonly ({
    readonly time: string;
    readonly count: number;
    readonly actions?: Readonly<Record<string, number>>;
  })[];
  readonly meta: {
    readonly window: {
      readonly from: string;
      readonly to: string;
    };
    readonly exact: boolean;
  };
};

export type IntegrityAnswer = {
  readonly data: {
    readonly head: {
      readonly number: number;
      readonly first_id: string;
      readonly last_id: string;
      readonly sealed_at: string;
      readonly hash: string;
      readonly key_id: string | null;
    } | null;
    readonly unsealed: {
      readonly first_id: string;
      readonly since: string;
      readonly age_seconds: number;
    } | null;
    readonly last_verification: {
      readonly begun_at: string;
      readonly ended_at: string;
      readonly made_by: string;
      readonly outcome: 'proven' | 'consistent' | 'mismatch';
      readonly complete: boolean;
      readonly first_seal: number | null;
      readonly last_seal: number | null;
      readonly entries: number;
      readonly problem: string | null;
    } | null;
  };
};

export type MeAnswer = {
  readonly data: {
    readonly token_id: string | null;
    readonly name: string;
    readonly role: 'writer' | 'viewer' | 'operator' | 'admin';
    readonly tables: readonly (string)[] | null;
    readonly expires_at: string | null;
  };
};

export type NewTokenAnswer = {
  readonly data: {
    readonly id: string;
    readonly name: string;
    readonly role: 'writer' | 'viewer' | 'operator' | 'admin';
    readonly tables: readonly (string)[] | null;
    readonly created_by: string;
    readonly created_at: string;
    readonly expires_at: string | null;
    readonly revoked_at: string | null;
    readonly last_used_at: string | null;
    readonly secret: string;
  };
};

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: 'invalid_parameter' | 'unknown_parameter' | 'invalid_cursor' | 'invalid_url' | 'invalid_request' | 'authentication_required' | 'invalid_token' | 'role_missing' | 'grant_too_wide' | 'origin_not_allowed' | 'record_not_found' | 'transaction_not_found' | 'user_not_found' | 'entry_not_found' | 'revert_target_not_found' | 'token_not_found' | 'route_not_found' | 'method_not_allowed' | 'event_conflict' | 'revert_moved' | 'revert_conflict' | 'request_timeout' | 'body_too_large' | 'url_too_long' | 'unsupported_media_type' | 'host_not_allowed' | 'reverts_off' | 'revert_too_large' | 'revert_failed' | 'idempotency_key_reused' | 'too_many_requests' | 'headers_too_large' | 'internal' | 'store_unavailable' | 'store_not_set_up' | 'too_many_streams' | 'too_many_exports' | 'too_many_reports' | 'revert_busy' | 'revert_unavailable' | 'journal_full' | 'verification_busy' | 'query_timeout' | 'not_ready';
  readonly detail: string;
  readonly instance: string;
  readonly hint?: string;
  readonly role?: string;
  readonly contact?: string;
  readonly errors?: readonly ({
    readonly parameter: string;
    readonly detail: string;
    readonly nearest?: string;
    readonly column?: number;
  })[];
  readonly reasons?: readonly (Readonly<Record<string, unknown>>)[];
};

export type RecordAnswer = {
  readonly data: {
    readonly source: string;
    readonly schema: string;
    readonly table: string;
    readonly exists: boolean | null;
    readonly record: string;
    readonly state: Readonly<Record<string, unknown>> | null;
    readonly reason: 'not_created' | 'before_history' | 'deleted' | 'truncated' | 'partition_truncated' | null;
    readonly last_state: Readonly<Record<string, unknown>> | null;
    readonly incomplete: {
      readonly columns: readonly (string)[];
      readonly reason: 'toast' | 'masked' | 'gap';
    } | null;
    readonly entry: string | null;
    readonly since: string | null;
    readonly gaps: readonly ({
      readonly reason: string;
      readonly table: boolean;
      readonly from: string | null;
      readonly to: string | null;
    })[];
    readonly deleted: boolean | null;
    readonly created: EntryMark | null;
    readonly first_change: EntryMark | null;
    readonly last_change: EntryMark | null;
    readonly revisions: {
      readonly value: number;
      readonly exact: boolean;
    };
    readonly actors: {
      readonly data: readonly ({
        readonly id: string;
        readonly kind: 'user' | 'database' | 'replication' | 'api' | 'unknown';
        readonly claim: string;
        readonly name: string | null;
        readonly count: number;
        readonly first: string;
        readonly last: string;
      })[];
      readonly exact: boolean;
    };
    readonly keys: readonly (string)[];
    readonly link: string | null;
  };
};

export type RecordAtAnswer = {
  readonly data: {
    readonly source: string;
    readonly schema: string;
    readonly table: string;
    readonly time: string;
    readonly in_gap: boolean;
    readonly exists: boolean | null;
    readonly record: string;
    readonly state: Readonly<Record<string, unknown>> | null;
    readonly reason: 'not_created' | 'before_history' | 'deleted' | 'truncated' | 'partition_truncated' | null;
    readonly last_state: Readonly<Record<string, unknown>> | null;
    readonly incomplete: {
      readonly columns: readonly (string)[];
      readonly reason: 'toast' | 'masked' | 'gap';
    } | null;
    readonly entry: string | null;
    readonly since: string | null;
    readonly gaps: readonly ({
      readonly reason: string;
      readonly table: boolean;
      readonly from: string | null;
      readonly to: string | null;
    })[];
  };
};

export type RecordComparison = {
  readonly data: {
    readonly source: string;
    readonly schema: string;
    readonly table: string;
    readonly from: {
      readonly exists: boolean | null;
      readonly record: string;
      readonly state: Readonly<Record<string, unknown>> | null;
      readonly reason: 'not_created' | 'before_history' | 'deleted' | 'truncated' | 'partition_truncated' | null;
      readonly last_state: Readonly<Record<string, unknown>> | null;
      readonly incomplete: {
        readonly columns: readonly (string)[];
        readonly reason: 'toast' | 'masked' | 'gap';
      } | null;
      readonly entry: string | null;
      readonly since: string | null;
      readonly gaps: readonly ({
        readonly reason: string;
        readonly table: boolean;
        readonly from: string | null;
        readonly to: string | null;
      })[];
    };
    readonly to: {
      readonly exists: boolean | null;
      readonly record: string;
      readonly state: Readonly<Record<string, unknown>> | null;
      readonly reason: 'not_created' | 'before_history' | 'deleted' | 'truncated' | 'partition_truncated' | null;
      readonly last_state: Readonly<Record<string, unknown>> | null;
      readonly incomplete: {
        readonly columns: readonly (string)[];
        readonly reason: 'toast' | 'masked' | 'gap';
      } | null;
      readonly entry: string | null;
      readonly since: string | null;
      readonly gaps: readonly ({
        readonly reason: string;
        readonly table: boolean;
        readonly from: string | null;
        readonly to: string | null;
      })[];
    };
    readonly differences: readonly ({
      readonly column: string;
      readonly status: 'changed' | 'added' | 'removed' | 'unknown';
      readonly from?: unknown;
      readonly to?: unknown;
    })[];
  };
};

export type RecordHistory = {
  readonly data: readonly (Entry)[];
  readonly meta: {
    readonly next: string | null;
    readonly prev: string | null;
  };
};

export type ResourcePage = {
  readonly data: readonly ({
    readonly source: string;
    readonly schema: string;
    readonly table: string;
    readonly record: string;
    readonly change: EntryMark;
    readonly count?: number;
  })[];
  readonly meta: {
    readonly next: string | null;
    readonly prev: string | null;
    readonly searched?: {
      readonly entries: number;
      readonly until: string;
    };
    readonly window?: {
      readonly from: string;
      readonly to: string;
    };
  };
};

export type RevertAnswer = {
  readonly data: {
    readonly transaction: string;
    readonly summary: {
      readonly entries: number;
      readonly ignored: number;
      readonly steps: number;
      readonly ready: number;
      readonly noop: number;
      readonly conflict: number;
      readonly impossible: number;
      readonly listed: number;
      readonly applicable: boolean;
      readonly applied: number;
      readonly overwritten: number;
      readonly skipped: number;
    };
    readonly sideEffects: readonly ({
      readonly table: string;
      readonly inserted: number;
      readonly updated: number;
      readonly deleted: number;
      readonly columns: readonly (string)[];
      readonly stamped: readonly (string)[];
    })[];
    readonly steps: readonly ({
      readonly entry: string;
      readonly entries: readonly (string)[];
      readonly source: string;
      readonly table: string;
      readonly record: string | null;
      readonly action: 'create' | 'update' | 'delete' | 'none';
      readonly status: 'ready' | 'noop' | 'conflict' | 'impossible';
      readonly reason: string | null;
      readonly changes: readonly ({
        readonly column: string;
        readonly current: unknown;
        readonly target: unknown;
        readonly expected: unknown;
      })[];
      readonly sql: string | null;
    })[];
  };
};

export type RevertOrderInput = {
  readonly target: {
    readonly entry: string;
  } | {
    readonly transaction: string;
  } | {
    readonly record: {
      readonly source: string;
      readonly table: string;
      readonly key: string;
    };
    readonly to: {
      readonly entry: string;
    } | {
      readonly time: string;
    };
  } | {
    readonly query: string;
  };
  readonly fields?: readonly (string)[];
  readonly set?: Readonly<Record<string, unknown>>;
  readonly onConflict?: 'abort' | 'skip' | 'force';
  readonly comment?: string;
  readonly plan: string;
};

export type RevertPreview = {
  readonly plan: string;
  readonly summary: {
    readonly entries: number;
    readonly ignored: number;
    readonly steps: number;
    readonly ready: number;
    readonly noop: number;
    readonly conflict: number;
    readonly impossible: number;
    readonly listed: number;
    readonly applicable: boolean;
  };
  readonly sideEffects: readonly ({
    readonly table: string;
    readonly inserted: number;
    readonly updated: number;
    readonly deleted: number;
    readonly columns: readonly (string)[];
    readonly stamped: readonly (string)[];
  })[];
  readonly steps: readonly ({
    readonly entry: string;
    readonly entries: readonly (string)[];
    readonly source: string;
    readonly table: string;
    readonly record: string | null;
    readonly action: 'create' | 'update' | 'delete' | 'none';
    readonly status: 'ready' | 'noop' | 'conflict' | 'impossible';
    readonly reason: string | null;
    readonly changes: readonly ({
      readonly column: string;
      readonly current: unknown;
      readonly target: unknown;
      readonly expected: unknown;
    })[];
    readonly sql: string | null;
  })[];
};

export type RevertPreviewAnswer = {
  readonly data: RevertPreview;
};

export type RevertProblem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: 'invalid_parameter' | 'unknown_parameter' | 'invalid_cursor' | 'invalid_url' | 'invalid_request' | 'authentication_required' | 'invalid_token' | 'role_missing' | 'grant_too_wide' | 'origin_not_allowed' | 'record_not_found' | 'transaction_not_found' | 'user_not_found' | 'entry_not_found' | 'revert_target_not_found' | 'token_not_found' | 'route_not_found' | 'method_not_allowed' | 'event_conflict' | 'revert_moved' | 'revert_conflict' | 'request_timeout' | 'body_too_large' | 'url_too_long' | 'unsupported_media_type' | 'host_not_allowed' | 'reverts_off' | 'revert_too_large' | 'revert_failed' | 'idempotency_key_reused' | 'too_many_requests' | 'headers_too_large' | 'internal' | 'store_unavailable' | 'store_not_set_up' | 'too_many_streams' | 'too_many_exports' | 'too_many_reports' | 'revert_busy' | 'revert_unavailable' | 'journal_full' | 'verification_busy' | 'query_timeout' | 'not_ready';
  readonly detail: string;
  readonly instance: string;
  readonly hint?: string;
  readonly role?: string;
  readonly contact?: string;
  readonly errors?: readonly ({
    readonly parameter: string;
    readonly detail: string;
    readonly nearest?: string;
    readonly column?: number;
  })[];
  readonly reasons?: readonly (Readonly<Record<string, unknown>>)[];
  readonly preview: RevertPreview;
};

export type RevertRequestInput = {
  readonly target: {
    readonly entry: string;
  } | {
    readonly transaction: string;
  } | {
    readonly record: {
      readonly source: string;
      readonly table: string;
      readonly key: string;
    };
    readonly to: {
      readonly entry: string;
    } | {
      readonly time: string;
    };
  } | {
    readonly query: string;
  };
  readonly fields?: readonly (string)[];
  readonly set?: Readonly<Record<string, unknown>>;
  readonly onConflict?: 'abort' | 'skip' | 'force';
  readonly comment?: string;
};

export type StatusAnswer = {
  readonly data: {
    readonly store: {
      readonly schema: string;
      readonly entries_estimate: number;
      readonly kept_since: string | null;
      readonly partitions_until: string | null;
      readonly bytes: number | null;
      readonly periods: readonly ({
        readonly from: string;
        readonly to: string;
        readonly bytes: number;
      })[] | null;
      readonly removals_waiting: readonly ({
        readonly partition: string;
        readonly since: string;
        readonly reason: string | null;
      })[];
    };
    readonly sources: readonly ({
      readonly name: string;
      readonly capture: 'wal' | 'trigger' | null;
      readonly epoch: number | null;
      readonly slot: string | null;
      readonly end_lsn: string | null;
      readonly acknowledged_lsn: string | null;
      readonly committed_at: string | null;
      readonly updated_at: string | null;
      readonly open_flushes: {
        readonly count: number;
        readonly oldest: string | null;
      };
      readonly gaps: {
        readonly count: number;
        readonly latest: readonly ({
          readonly epoch: number;
          readonly table: string | null;
          readonly reason: string;
          readonly detail: string | null;
          readonly from_lsn: string | null;
          readonly to_lsn: string | null;
          readonly from_time: string | null;
          readonly to_time: string | null;
          readonly recorded_at: string;
        })[];
      };
      readonly baseline: {
        readonly tables: number;
        readonly done: number;
        readonly rows: number;
        readonly open: readonly ({
          readonly table: string;
          readonly rows: number;
          readonly percent: number | null;
          readonly note: string | null;
        })[];
      };
      readonly live: {
        readonly state: 'starting' | 'streaming' | 'waiting' | 'stopped';
        readonly since: string;
        readonly error: {
          readonly code: string;
          readonly message: string;
          readonly hint: string | null;
        } | null;
        readonly standby: boolean;
        readonly received_lsn: string | null;
        readonly source_lsn: string | null;
        readonly lag_bytes: number | null;
        readonly lag_ms: number | null;
        readonly queued_bytes: number | null;
        readonly backlog_bytes: number | null;
        readonly backlog_limit_bytes: number | null;
        readonly counters: {
          readonly changes: number;
          readonly entries: number;
          readonly transactions: number;
          readonly unverified_messages: number;
          readonly retries: number;
        } | null;
      } | null;
    })[];
  };
};

export type SuggestAnswer = {
  readonly data: readonly ({
    readonly value: string;
    readonly label: string | null;
  })[];
};

export type TablePage = {
  readonly data: readonly ({
    readonly source: string;
    readonly schema: string;
    readonly table: string;
    readonly key: readonly (string)[] | null;
    readonly columns: readonly ({
      readonly name: string;
      readonly type: string;
    })[];
    readonly masked: readonly (string)[];
    readonly entries: number;
    readonly actions: Readonly<Record<string, number>>;
    readonly last_activity: string | null;
    readonly coverage: {
      readonly state: 'covered' | 'partial';
      readonly gaps: number;
      readonly open_gaps: number;
    };
  })[];
  readonly meta: {
    readonly next: string | null;
    readonly prev: string | null;
  };
};

export type Token = {
  readonly id: string;
  readonly name: string;
  readonly role: 'writer' | 'viewer' | 'operator' | 'admin';
  readonly tables: readonly (string)[] | null;
  readonly created_by: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
};

export type TokenAnswer = {
  readonly data: Token;
};

export type TokenList = {
  readonly data: readonly (Token)[];
};

export type TransactionAnswer = {
  readonly data: {
    readonly id: string;
    readonly source: string;
    readonly epoch: number;
    readonly xid: string | null;
    readonly lsn: string | null;
    readonly committed_at: string;
    readonly size: number | null;
    readonly contexts: readonly ({
      readonly id: string;
      readonly actor: Actor;
      readonly attribution: 'app' | 'database' | 'replication' | 'api' | 'unknown';
      readonly ip: string | null;
      readonly user_agent: string | null;
      readonly comment: string | null;
      readonly request_id: string | null;
      readonly context: unknown;
      readonly database: {
        readonly role: string;
        readonly session_role: string;
        readonly application_name: string | null;
        readonly client_addr: string | null;
        readonly pid: number;
      } | null;
    })[];
    readonly entries: {
      readonly data: readonly (Entry)[];
      readonly meta: {
        readonly next: string | null;
        readonly prev: string | null;
      };
    };
  };
};

export type UserAnswer = {
  readonly data: {
    readonly id: string;
    readonly source: string;
    readonly kind: 'user' | 'database' | 'replication' | 'api' | 'unknown';
    readonly claim: string;
    readonly name: string | null;
    readonly person: {
      readonly seen_at: string;
      readonly left_at: string | null;
    } | null;
    readonly count: number;
    readonly actions: Readonly<Record<string, number>>;
    readonly tables: readonly ({
      readonly source: string;
      readonly schema: string;
      readonly table: string;
      readonly count: number;
    })[];
    readonly first: EntryMark | null;
    readonly last: EntryMark | null;
    readonly logins: {
      readonly count: number;
      readonly last: EntryMark | null;
    };
    readonly ips: {
      readonly data: readonly ({
        readonly value: string;
        readonly count: number;
        readonly last: string;
      })[];
      readonly exact: boolean;
    };
    readonly user_agents: {
      readonly data: readonly ({
        readonly value: string;
        readonly count: number;
        readonly last: string;
      })[];
      readonly exact: boolean;
    };
    readonly resources: readonly ({
      readonly source: string;
      readonly schema: string;
      readonly table: string;
      readonly record: string;
      readonly change: EntryMark;
    })[];
  };
};

export type UserPage = {
  readonly data: readonly ({
    readonly id: string;
    readonly source: string;
    readonly kind: 'user' | 'database' | 'replication' | 'api' | 'unknown';
    readonly claim: string;
    readonly name: string | null;
    readonly person: {
      readonly seen_at: string;
      readonly left_at: string | null;
    } | null;
    readonly count: number;
    readonly first_action: string | null;
    readonly last_action: string | null;
  })[];
  readonly meta: {
    readonly next: string | null;
    readonly prev: string | null;
  };
};

export type VerifyAnswer = {
  readonly data: {
    readonly outcome: 'proven' | 'consistent' | 'mismatch';
    readonly complete: boolean;
    readonly proven_to: number | null;
    readonly checked: {
      readonly seals: number;
      readonly first: number | null;
      readonly last: number | null;
      readonly entries: number;
    };
    readonly removed_seals: number;
    readonly unsealed_entries: number | null;
    readonly head: {
      readonly number: number;
      readonly last_id: string;
      readonly sealed_at: string;
      readonly hash: string;
      readonly key_id: string | null;
    } | null;
    readonly problems: readonly ({
      readonly seal: number;
      readonly kind: 'seal_missing' | 'seal_changed' | 'seal_unsigned' | 'seal_signature' | 'head_missing' | 'head_changed' | 'removed' | 'inserted' | 'reordered' | 'edited';
      readonly message: string;
      readonly entries: readonly (string)[];
    })[];
    readonly further_problems: number;
  };
};

export interface Operations {
  'DELETE /session': {
    path: {};
    query: {};
    body: undefined;
    answer: null;
  };
  'DELETE /tokens/{id}': {
    path: { id: string; };
    query: {};
    body: undefined;
    answer: TokenAnswer;
  };
  'GET /activity': {
    path: {};
    query: { q?: string; source?: string | readonly string[]; table?: string | readonly string[]; record?: string | readonly string[]; user?: string | readonly string[]; ip?: string | readonly string[]; action?: string | readonly string[]; field?: string | readonly string[]; from?: string; to?: string; tx?: string | readonly string[]; request_id?: string | readonly string[]; attribution?: string | readonly string[]; comment?: string | readonly string[]; count?: 'estimate' | 'exact'; fields?: string | readonly string[]; sort?: '-id' | 'id'; limit?: number; after?: string; before?: string; };
    body: undefined;
    answer: ActivityPage;
  };
  'GET /activity/stream': {
    path: {};
    query: { q?: string; source?: string | readonly string[]; table?: string | readonly string[]; record?: string | readonly string[]; user?: string | readonly string[]; ip?: string | readonly string[]; action?: string | readonly string[]; field?: string | readonly string[]; from?: string; to?: string; tx?: string | readonly string[]; request_id?: string | readonly string[]; attribution?: string | readonly string[]; comment?: string | readonly string[]; };
    body: undefined;
    answer: null;
  };
  'GET /activity/{id}': {
    path: { id: string; };
    query: {};
    body: undefined;
    answer: EntryAnswer;
  };
  'GET /activity/{id}/comments': {
    path: { id: string; };
    query: { limit?: number; after?: string; };
    body: undefined;
    answer: CommentsPage;
  };
  'GET /export': {
    path: {};
    query: { q?: string; source?: string | readonly string[]; table?: string | readonly string[]; record?: string | readonly string[]; user?: string | readonly string[]; ip?: string | readonly string[]; action?: string | readonly string[]; field?: string | readonly string[]; from?: string; to?: string; tx?: string | readonly string[]; request_id?: string | readonly string[]; attribution?: string | readonly string[]; comment?: string | readonly string[]; format?: 'ndjson' | 'json' | 'csv'; };
    body: undefined;
    answer: null;
  };
  'GET /insights/breakdown': {
    path: {};
    query: { from?: string; to?: string; source?: string | readonly string[]; table?: string | readonly string[]; user?: string | readonly string[]; action?: string | readonly string[]; by: 'table' | 'user' | 'field' | 'action' | 'attribution' | 'source'; limit?: number; };
    body: undefined;
    answer: InsightBreakdown;
  };
  'GET /insights/heatmap': {
    path: {};
    query: { from?: string; to?: string; source?: string | readonly string[]; table?: string | readonly string[]; user?: string | readonly string[]; action?: string | readonly string[]; tz?: string; };
    body: undefined;
    answer: InsightHeatmap;
  };
  'GET /insights/summary': {
    path: {};
    query: { from?: string; to?: string; source?: string | readonly string[]; table?: string | readonly string[]; user?: string | readonly string[]; action?: string | readonly string[]; };
    body: undefined;
    answer: InsightSummary;
  };
  'GET /insights/timeseries': {
    path: {};
    query: { from?: string; to?: string; source?: string | readonly string[]; table?: string | readonly string[]; user?: string | readonly string[]; action?: string | readonly string[]; bucket?: '15min' | 'hour' | 'day' | 'week'; by?: 'action'; };
    body: undefined;
    answer: InsightTimeseries;
  };
  'GET /integrity': {
    path: {};
    query: {};
    body: undefined;
    answer: IntegrityAnswer;
  };
  'GET /me': {
    path: {};
    query: {};
    body: undefined;
    answer: MeAnswer;
  };
  'GET /resources': {
    path: {};
    query: { sort?: 'recent' | 'oldest' | 'busiest'; table?: string | readonly string[]; source?: string | readonly string[]; user?: string | readonly string[]; from?: string; to?: string; limit?: number; after?: string; before?: string; };
    body: undefined;
    answer: ResourcePage;
  };
  'GET /resources/{source}/{table}/{key}': {
    path: { source: string; table: string; key: string; };
    query: {};
    body: undefined;
    answer: RecordAnswer;
  };
  'GET /resources/{source}/{table}/{key}/at': {
    path: { source: string; table: string; key: string; };
    query: { time: string; };
    body: undefined;
    answer: RecordAtAnswer;
  };
  'GET /resources/{source}/{table}/{key}/compare': {
    path: { source: string; table: string; key: string; };
    query: { from: string; to?: string; };
    body: undefined;
    answer: RecordComparison;
  };
  'GET /resources/{source}/{table}/{key}/history': {
    path: { source: string; table: string; key: string; };
    query: { sort?: '-id' | 'id'; fields?: string | readonly string[]; limit?: number; after?: string; before?: string; };
    body: undefined;
    answer: RecordHistory;
  };
  'GET /resources/{source}/{table}/{key}/report': {
    path: { source: string; table: string; key: string; };
    query: { format?: 'pdf' | 'html' | 'csv' | 'json'; from?: string; to?: string; tz?: string; };
    body: undefined;
    answer: null;
  };
  'GET /status': {
    path: {};
    query: {};
    body: undefined;
    answer: StatusAnswer;
  };
  'GET /suggest': {
    path: {};
    query: { key: 'source' | 'table' | 'user' | 'ip' | 'action' | 'field' | 'attribution' | 'is'; prefix?: string; limit?: number; };
    body: undefined;
    answer: SuggestAnswer;
  };
  'GET /tables': {
    path: {};
    query: { source?: string | readonly string[]; limit?: number; after?: string; before?: string; };
    body: undefined;
    answer: TablePage;
  };
  'GET /tokens': {
    path: {};
    query: {};
    body: undefined;
    answer: TokenList;
  };
  'GET /transactions/{id}': {
    path: { id: string; };
    query: { limit?: number; after?: string; before?: string; };
    body: undefined;
    answer: TransactionAnswer;
  };
  'GET /users': {
    path: {};
    query: { sort?: 'recent' | 'most' | 'least'; q?: string; source?: string | readonly string[]; from?: string; to?: string; limit?: number; after?: string; before?: string; };
    body: undefined;
    answer: UserPage;
  };
  'GET /users/{id}': {
    path: { id: string; };
    query: {};
    body: undefined;
    answer: UserAnswer;
  };
  'POST /activity': {
    path: {};
    query: {};
    body: readonly ({
      readonly id?: string;
      readonly action: string;
      readonly comment?: string;
      readonly data?: unknown;
      readonly source?: string;
      readonly table?: string;
      readonly record?: string;
      readonly user?: {
        readonly id: string;
        readonly name?: string;
      };
      readonly ip?: string;
      readonly user_agent?: string;
      readonly request_id?: string;
      readonly context?: Readonly<Record<string, unknown>>;
    })[];
    answer: EventsAnswer;
  };
  'POST /activity/search': {
    path: {};
    query: {};
    body: {
      readonly q?: string;
      readonly source?: readonly (string)[];
      readonly table?: readonly (string)[];
      readonly record?: readonly (string)[];
      readonly user?: readonly (string)[];
      readonly ip?: readonly (string)[];
      readonly action?: readonly (string)[];
      readonly field?: readonly (string)[];
      readonly from?: string;
      readonly to?: string;
      readonly tx?: readonly (string)[];
      readonly request_id?: readonly (string)[];
      readonly attribution?: readonly (string)[];
      readonly comment?: readonly (string)[];
      readonly count?: 'estimate' | 'exact';
      readonly fields?: readonly (string)[];
      readonly sort?: '-id' | 'id';
      readonly limit?: number;
      readonly after?: string;
      readonly before?: string;
    };
    answer: ActivityPage;
  };
  'POST /activity/{id}/comments': {
    path: { id: string; };
    query: {};
    body: {
      readonly id?: string;
      readonly comment: string;
      readonly user?: {
        readonly id: string;
        readonly name?: string;
      };
      readonly ip?: string;
      readonly user_agent?: string;
      readonly request_id?: string;
    };
    answer: CommentAnswer;
  };
  'POST /integrity/verify': {
    path: {};
    query: {};
    body: {
      readonly from?: string;
      readonly to?: string;
    };
    answer: VerifyAnswer;
  };
  'POST /reverts': {
    path: {};
    query: {};
    body: RevertOrderInput;
    answer: RevertAnswer;
  };
  'POST /reverts/preview': {
    path: {};
    query: {};
    body: RevertRequestInput;
    answer: RevertPreviewAnswer;
  };
  'POST /session': {
    path: {};
    query: {};
    body: {
      readonly token: string;
    };
    answer: MeAnswer;
  };
  'POST /tokens': {
    path: {};
    query: {};
    body: {
      readonly name: string;
      readonly role: 'writer' | 'viewer' | 'operator' | 'admin';
      readonly tables?: readonly (string)[] | null;
      readonly expires_at?: string | null;
    };
    answer: NewTokenAnswer;
  };
}

