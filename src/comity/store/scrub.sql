-- Rewriting the files of a database.

-- name: is_superuser
-- Whether whoever is connected may do all of this.
select rolsuper from pg_catalog.pg_roles where rolname = current_user

-- name: tables
-- Every table of ours, and the indexes and overflow that go with it.
select n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')
order by n.nspname, c.relname

-- name: rewrite_statistics
-- The planner keeps the commonest values of each column here.
vacuum full pg_catalog.pg_statistic

-- name: rewrite_extended_statistics
-- And those of columns together here.
vacuum full pg_catalog.pg_statistic_ext_data

-- name: segments
-- The segments of the write-ahead log, those included that wait to be used again.
select name from pg_catalog.pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'

-- name: current_segment
-- The segment that is written to now.
select pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn())

-- name: setting
-- What a setting is now.
select current_setting(%s)

-- name: recycle_no_more
-- A segment that is done with is deleted.
alter system set wal_recycle = off

-- name: recycle_again
-- As it is unless somebody says otherwise.
alter system reset wal_recycle

-- name: reload
-- Let the server read its settings anew.
select pg_catalog.pg_reload_conf()

-- name: say_something
-- A segment in which nothing was said is not left.
select pg_catalog.pg_logical_emit_message(false, 'comity', 'scrub')

-- name: next_segment
-- Go on in a new segment.
select pg_catalog.pg_switch_wal()

-- name: checkpoint
-- What is in the log is in the files now: the old segments can go.
checkpoint
