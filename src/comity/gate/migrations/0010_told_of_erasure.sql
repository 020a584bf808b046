-- Who is told that what they received of somebody was erased, expunged, corrected, withdrawn or restricted since, and what
-- they said they did about it.
create table gate.change (
    change uuid primary key,         -- as of intake.gone
    id uuid unique,                  -- of the ledger's entry; null if nobody had received anything
    at timestamptz not null,
    changed_at timestamptz not null, -- told of in this order, so that what is not told of yet is found from here on
    kind text not null,
    digest bytea check (length(digest) = 32), -- SHA-256 of the disclosures that were told of
    salt bytea check (length(salt) = 16),     -- commitment = SHA-256(salt || digest)
    check (num_nulls(id, digest, salt) in (0, 3))
);
comment on table gate.change is 'Each erasure or correction, once everybody who had received something was told.';
create index change_at on gate.change (changed_at desc);

create table gate.change_told (
    told uuid primary key,
    number bigint generated always as identity unique,
    change uuid not null references gate.change,
    disclosure uuid not null,
    due_on date,                     -- by when a receipt is asked for; null: the agreement asks for none
    unique (change, disclosure)
);
comment on table gate.change_told is 'Each disclosure that somebody is told of, because what it held of somebody is gone or not so.';
create index change_told_of on gate.change_told (disclosure);

create table gate.change_receipt (
    told uuid primary key references gate.change_told,
    at timestamptz not null,
    did text not null check (did in ('deleted', 'corrected', 'not-held')),
    agency text not null,
    by text not null,                -- an opaque staff id
    role text not null,
    entry uuid not null,
    salt bytea not null check (length(salt) = 16)
);
comment on table gate.change_receipt is 'What the recipient says it did about it.';

create trigger only_grows before update or delete or truncate on gate.change
    for each statement execute function gate.refuse_change();
create trigger only_grows before update or delete or truncate on gate.change_told
    for each statement execute function gate.refuse_change();
create trigger only_grows before update or delete or truncate on gate.change_receipt
    for each statement execute function gate.refuse_change();

grant select, insert on gate.change, gate.change_told, gate.change_receipt to comity_gate;
-- Of whom nothing is held any more there is no pseudonym either.
grant delete on gate.pseudonym to comity_gate;
