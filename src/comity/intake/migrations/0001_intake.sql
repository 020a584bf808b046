-- The way in: what is held and why, what was delivered, and where each source left off. No personal data in plain:
-- a held message itself is a statement of the record, sealed under the epoch key.
create schema intake;
grant usage on schema intake to comity_intake;

create table intake.cursor (
    source text primary key,
    cursor text not null,
    moved_at timestamp with time zone not null
);
comment on table intake.cursor is 'Where each source left off, moved in the transaction that keeps what it said.';

create table intake.delivery (
    delivery_id uuid primary key,
    source text not null,
    mapping text not null,
    started_at timestamp with time zone not null,
    finished_at timestamp with time zone,
    delivered bigint not null default 0,
    admitted bigint not null default 0,
    unchanged bigint not null default 0,
    outdated bigint not null default 0,
    quarantined bigint not null default 0,
    retracted bigint not null default 0,
    erased bigint not null default 0,
    judged bigint not null default 0,
    forgotten bigint not null default 0,
    -- Nothing is dropped: what was delivered is the sum of what became of it.
    constraint adds_up check (
        delivered = admitted + unchanged + outdated + quarantined + retracted + erased + judged + forgotten
    )
);
comment on table intake.delivery is 'What each source delivered, and what became of it.';
create index delivery_newest on intake.delivery (started_at desc);
-- A load that was cut off is taken up again: one at most is open for each source.
create unique index delivery_open on intake.delivery (source) where finished_at is null;

create table intake.quarantine (
    statement_id uuid primary key references record.statement on delete cascade,
    source text not null,
    mapping text not null,
    place text not null,
    faults jsonb not null,
    persons uuid[] not null default '{}',
    held_at timestamp with time zone not null,
    tried_at timestamp with time zone not null,
    resolved_at timestamp with time zone,
    resolution text check (resolution in ('admitted', 'superseded', 'retracted', 'erased', 'applied')),
    check ((resolved_at is null) = (resolution is null))
);
comment on table intake.quarantine is 'Why a message is held: place, field and cause, never a value; and how it ended.';
create index quarantine_open on intake.quarantine (source, held_at, statement_id) where resolved_at is null;
create index quarantine_persons on intake.quarantine using gin (persons) where resolved_at is null;

create table intake.erased_person (
    source_person uuid primary key,
    erased_at timestamp with time zone not null
);
comment on table intake.erased_person is 'Who was erased, by a keyed id that says nothing: what is said of them again is held.';

grant select, insert, update on intake.cursor, intake.delivery, intake.quarantine to comity_intake;
grant select, insert on intake.erased_person to comity_intake;
