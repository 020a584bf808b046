-- What left, to whom, about whom, and what was refused. Written by the gate in the transaction of the act itself, with
-- the ledger's entry of the same id; never changed afterwards.
create schema gate;
grant usage on schema gate to comity_gate;

-- Every check of a table is read anew by each insert, and each read inserts: one that says what must never be, no more.
create table gate.disclosure (
    id uuid primary key,         -- of the ledger's entry too
    at timestamptz not null,
    kind text not null,          -- disclosure or refusal
    act text not null,
    agreement text not null,
    version int,                 -- null if no such agreement is kept here
    purpose text not null,
    agency text not null,
    requester text not null,     -- the staff id that the agency vouches for, opaque here
    role text not null,
    case_reference text not null,
    justification text not null,
    criteria text[] not null,    -- kinds of what was searched by, never the values
    person uuid,                 -- asked for, whether or not there is such a person
    rows int not null,
    digest bytea not null,       -- SHA-256 of what left
    asked bytea not null,        -- SHA-256 of the question
    salt bytea not null,         -- 16 bytes; commitment = SHA-256(salt || asked || digest)
    reason text,                 -- of a refusal, in full
    check (kind = 'disclosure' and reason is null or kind = 'refusal' and reason is not null and rows = 0)
);
comment on table gate.disclosure is 'Every request and what became of it.';
create index disclosure_of_agency on gate.disclosure (agency, at);

-- No foreign key: both rows are written by one statement, which is the only writer; the lookup would cost each read.
create table gate.disclosure_subject (
    disclosure uuid not null,
    source_person uuid not null,
    clauses smallint[] not null,                       -- of the agreement's version: which fields of this person left
    primary key (source_person, disclosure)
);
comment on table gate.disclosure_subject is 'Whom a disclosure was about.';

create table gate.consultation (
    id uuid primary key,
    at timestamptz not null,
    what text not null ,
    person uuid,                                       -- about whom
    by text not null,
    digest bytea not null check (length(digest) = 32), -- SHA-256 of the disclosures that were shown
    salt bytea not null check (length(salt) = 16)      -- commitment = SHA-256(salt || digest)
);
comment on table gate.consultation is 'Who read the log itself.';

-- What was logged stays as it was, whoever asks.
create function gate.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% of gate.% is refused: the log only grows', tg_op, tg_table_name
        using errcode = 'restrict_violation';
end $$;
create trigger only_grows before update or delete or truncate on gate.disclosure
    for each statement execute function gate.refuse_change();
create trigger only_grows before update or delete or truncate on gate.disclosure_subject
    for each statement execute function gate.refuse_change();
create trigger only_grows before update or delete or truncate on gate.consultation
    for each statement execute function gate.refuse_change();

grant select, insert on gate.disclosure, gate.disclosure_subject, gate.consultation to comity_gate;
