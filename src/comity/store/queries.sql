-- name: lock_set_up
-- One process at a time makes roles, the database and migrations. The number is any, but always this one.
SELECT pg_advisory_lock(7203994112850531)

-- name: unlock_set_up
-- Let the next one in.
SELECT pg_advisory_unlock(7203994112850531)

-- name: roles_present
-- Which of the named roles the server has.
SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)

-- name: database_present
-- Whether the server has the named database.
SELECT true FROM pg_database WHERE datname = %s

-- name: is_superuser
-- Whether who is connected is a superuser, who may make a database for somebody else without being a member.
SELECT rolsuper FROM pg_roles WHERE rolname = current_user

-- name: schema_present
-- Whether the store's own schema is there.
SELECT to_regnamespace('store') IS NOT NULL

-- name: make_schema
-- The store's own schema: which migrations were applied, and what they held.
CREATE SCHEMA store
    CREATE TABLE migration (
        room text NOT NULL,
        name text NOT NULL,
        sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
        applied_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (room, name)
    )

-- name: applied
-- The migrations of a room that were applied, in order.
SELECT name, sha256 FROM store.migration WHERE room = %s ORDER BY name

-- name: record_migration
-- Remember a migration, in the transaction that applies it.
INSERT INTO store.migration (room, name, sha256) VALUES (%s, %s, %s)

-- name: archived_well
-- Whether the last piece of the log that was to be kept elsewhere could be.
SELECT last_failed_time IS NULL OR last_archived_time > last_failed_time FROM pg_stat_archiver

-- name: moment
-- The moment on the server's clock, by which the commits in its log are timed.
SELECT clock_timestamp()

-- name: is_recovering
-- Whether the server still replays its log.
SELECT pg_is_in_recovery()
