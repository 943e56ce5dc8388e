-- Only where the database's encoding is not UTF-8: messages are bytes that no one converts on the way.
create or replace function rowtrail.utf8(message text) returns bytea
  language plpgsql stable
as $$
begin
  return pg_catalog.convert_to(message, 'UTF8');
exception when others then
  return pg_catalog.convert_to(pg_catalog.regexp_replace(message, '[^\x01-\x7f]', '?', 'g'), 'UTF8');
end
$$;
