-- How long what was admitted is kept: by which schedules, what is held back from erasure, what was erased and by which rule.

create table intake.keeping (
    number bigint generated always as identity primary key,
    agency text not null,
    jurisdiction text not null,
    kind text not null,
    verbatim_days integer not null check (verbatim_days between 1 and 3660),
    adopted_by text not null,
    reason text not null check (reason <> ''),
    adopted_at timestamp with time zone not null,
    entry uuid not null,
    salt bytea not null check (octet_length(salt) = 16)
);
comment on table intake.keeping is 'By which jurisdiction''s schedules an agency''s records are kept. The last one counts; without one nothing is due.';
create index keeping_of on intake.keeping (agency, number desc);

create table intake.legal_hold (
    hold uuid primary key,
    agency text not null,
    scope text not null check (scope in ('person', 'case', 'key')),
    people uuid[] not null default '{}',
    persons uuid[] not null default '{}',
    cases uuid[] not null default '{}',
    source text,
    source_key text,
    reason text not null check (reason <> ''),
    set_by text not null,
    set_at timestamp with time zone not null,
    review_by date not null,
    entry uuid not null,
    salt bytea not null check (octet_length(salt) = 16),
    check ((scope = 'key') = (source is not null and source_key is not null))
);
comment on table intake.legal_hold is 'What must not be erased, whoever asks: source persons and whoever is one with them, cases, or a source key. Ids, no names.';

create table intake.legal_hold_end (
    hold uuid primary key references intake.legal_hold on delete cascade,
    reason text not null check (reason <> ''),
    lifted_by text not null,
    lifted_at timestamp with time zone not null,
    entry uuid not null,
    salt bytea not null check (octet_length(salt) = 16)
);
comment on table intake.legal_hold_end is 'Which holds were lifted, by whom and why.';

create table intake.kept_longer (
    number bigint generated always as identity primary key,
    agency text not null,
    source text not null,
    source_key text not null,
    until date not null,
    rule text not null,
    reason text not null check (reason <> ''),
    decided_by text not null,
    decided_at timestamp with time zone not null,
    entry uuid not null,
    salt bytea not null check (octet_length(salt) = 16)
);
comment on table intake.kept_longer is 'What a person reviewed and decided to keep until a day. The last decision on a source key counts.';
create index kept_longer_of on intake.kept_longer (source, source_key, number desc);

create table intake.restricted (
    statement_id uuid primary key references record.statement on delete cascade,
    agency text not null,
    rule text not null,
    restricted_on date not null,
    delete_on date not null
);
comment on table intake.restricted is 'What is shown to nobody any more and kept sealed until a day, then erased (LED art. 16(3)).';
create index restricted_due on intake.restricted (delete_on);

create table intake.disposal (
    entry uuid primary key,
    at timestamp with time zone not null,
    agency text not null,
    source text not null,
    rule text not null,
    done text not null check (done in ('delete', 'restrict')),
    what jsonb not null,
    salt bytea not null check (octet_length(salt) = 16)
);
comment on table intake.disposal is 'What each entry of an erasure by time commits to: the rule and random ids of statements.';
create index disposal_newest on intake.disposal (at desc);

create table intake.retention_run (
    run uuid primary key,
    started_at timestamp with time zone not null,
    finished_at timestamp with time zone,
    after uuid,
    examined bigint not null default 0,
    deleted bigint not null default 0,
    restricted bigint not null default 0,
    reviews bigint not null default 0,
    held bigint not null default 0
);
comment on table intake.retention_run is 'Each run over what is kept: how far it is, and counts. One that was cut off is gone on with.';
create unique index retention_run_open on intake.retention_run ((true)) where finished_at is null;

create table intake.forecast (
    agency text not null,
    rule text not null,
    done text not null,
    first_on date not null,
    statements bigint not null,
    held bigint not null,
    records jsonb not null,
    ids uuid[] not null,
    at timestamp with time zone not null
);
comment on table intake.forecast is 'What comes due, as the last run worked it out: it takes a look at everything that is held.';

-- Whom a message seemed to be about matters while it is held.
update intake.quarantine set persons = '{}' where resolved_at is not null;

-- What was disclosed of these people is not so any more: whoever received it is told.
create table intake.gone (
    change uuid not null,
    source_person uuid not null,
    agency text not null,
    kind text not null check (kind in ('erased', 'expunged', 'rectified', 'withdrawn', 'restricted')),
    at timestamp with time zone not null default clock_timestamp(),
    primary key (change, source_person)
);
comment on table intake.gone is 'Of whom something was erased, corrected or withdrawn, and when: ids alone, for telling whoever received it.';
create index gone_at on intake.gone (at);

alter table intake.gone enable row level security;
alter table intake.gone force row level security;
create policy intake_keeps on intake.gone for all to comity_intake using (true) with check (true);
create policy gate_reads_in_a_disclosure on intake.gone for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));

grant select, insert on intake.keeping, intake.disposal, intake.legal_hold_end, intake.gone to comity_intake;
grant select, insert, delete on intake.legal_hold, intake.restricted, intake.kept_longer, intake.forecast to comity_intake;
grant select, insert, update on intake.retention_run to comity_intake;
grant usage on schema intake to comity_gate;
grant select on intake.gone to comity_gate;
