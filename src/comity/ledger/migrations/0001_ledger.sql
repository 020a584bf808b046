-- The ledger: what waits to be numbered, what was numbered, its tree, and the signed heads of that tree.
create schema ledger;
grant usage on schema ledger to comity_intake, comity_gate, comity_governance, comity_ledger;

-- Written in the transaction of the act itself; emptied by the sequencer. Never read by who writes it.
-- Every act pays for it, so it has one index and no counter: a row's place in the queue is when it asked.
create table ledger.outbox (
    id uuid primary key,
    queued_at timestamptz not null default clock_timestamp(),
    body bytea not null check (length(body) <= 65535)      -- C2SP tlog-tiles: a 16-bit length
)
-- Every row is soon deleted, so vacuum after some thousands, however large the table once was.
with (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_insert_threshold = -1);

-- What is in the ledger. Numbers are dense from 0: the place of the leaf in the tree.
create table ledger.entry (
    number bigint primary key check (number >= 0),
    id uuid not null unique,
    body bytea not null check (length(body) <= 65535),
    leaf_hash bytea not null check (length(leaf_hash) = 32)
);

-- Full tiles only (C2SP tlog-tiles); a partial one is the leaf hashes of entries, or the roots of tiles, to its right.
create table ledger.tile (
    level smallint not null check (level between 0 and 7),
    index bigint not null check (index >= 0),
    hashes bytea not null check (length(hashes) = 8192),
    root bytea not null check (length(root) = 32),
    primary key (level, index)
);

-- Every head that was ever signed (C2SP tlog-checkpoint).
create table ledger.checkpoint (
    size bigint primary key check (size > 0),
    root bytea not null check (length(root) = 32),
    note text not null,
    signed_at timestamptz not null
);

-- Rows of the outbox that cannot be entries (not the canonical form, or an id that is taken): kept aside for a person.
create table ledger.refused (
    number bigint generated always as identity primary key,
    id uuid not null,
    body bytea not null,
    reason text not null,
    refused_at timestamptz not null default now()
);

-- What is in the ledger stays as it is, whoever asks, the owner of the tables included.
create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% of ledger.% is refused: the ledger only grows', tg_op, tg_table_name
        using errcode = 'restrict_violation';
end $$;

create trigger only_grows before update or delete or truncate on ledger.entry
    for each statement execute function ledger.refuse_change();
create trigger only_grows before update or delete or truncate on ledger.tile
    for each statement execute function ledger.refuse_change();
create trigger only_grows before update or delete or truncate on ledger.checkpoint
    for each statement execute function ledger.refuse_change();
create trigger only_grows before update or delete or truncate on ledger.refused
    for each statement execute function ledger.refuse_change();

grant insert (id, body) on ledger.outbox to comity_intake, comity_gate, comity_governance;
grant select, insert, delete on ledger.outbox to comity_ledger;
grant select, insert on ledger.entry, ledger.tile, ledger.checkpoint, ledger.refused to comity_ledger;
grant select on ledger.entry, ledger.tile, ledger.checkpoint to comity_gate, comity_governance;
