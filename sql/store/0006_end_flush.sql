-- `finish_flush` for a flush that is sent in one go, its commit included: what must not be committed fails.
create function :schema.end_flush(
  p_source_id integer, p_writer uuid, p_from_lsn pg_lsn,
  p_commit_lsn pg_lsn, p_end_lsn pg_lsn, p_committed_at timestamptz, p_rollups json, p_blocks bigint[]
) returns void language plpgsql as $$
begin
  if not :schema.finish_flush(p_source_id, p_writer, p_from_lsn, p_commit_lsn, p_end_lsn, p_committed_at, p_rollups, p_blocks) then
    raise exception 'rowtrail: another writer holds the checkpoint of source %', p_source_id using errcode = 'RT001';
  end if;
end
$$;
