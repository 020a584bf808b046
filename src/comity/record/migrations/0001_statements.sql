-- What sources said, and the keys that make it readable. Rows of the record itself are in 0002.
create schema record;
grant usage on schema record to comity_intake, comity_gate;

create table record.statement (
    statement_id uuid primary key,
    source text not null,
    agency text not null,
    source_key text not null,
    version bigint not null,
    kind text not null check (kind in ('state', 'retract', 'erase', 'same', 'different')),
    status text not null check (status in ('admitted', 'quarantined', 'superseded', 'retracted', 'erased', 'applied')),
    digest bytea not null check (octet_length(digest) = 32),
    received_at timestamp with time zone not null,
    verbatim bytea,
    verbatim_epoch integer not null,
    verbatim_until timestamp with time zone not null,
    format text not null,
    mapping text not null,
    salt bytea not null check (octet_length(salt) = 16),
    entry uuid
);
comment on table record.statement is 'What one source said about one thing, with its envelope. Never edited: its status alone moves.';
-- One statement at most is the current one of its source key.
create unique index statement_current on record.statement (source, source_key) where status = 'admitted' and kind = 'state';
create index statement_key on record.statement (source, source_key, version);
create index statement_digest on record.statement (digest);
create index statement_held on record.statement (source) where status = 'quarantined';
create index statement_verbatim_due on record.statement (verbatim_until) where verbatim is not null;

create table record.part (
    statement_id uuid not null references record.statement on delete cascade,
    source_person uuid not null,
    body bytea not null,
    primary key (statement_id, source_person)
);
comment on table record.part is 'The part of a statement that concerns one source person, sealed under that person''s key.';
create index part_source_person on record.part (source_person);

create table record.subject_key (
    source_person uuid primary key,
    agency text not null,
    epoch integer not null,
    wrapped bytea not null
);
comment on table record.subject_key is 'One data key per source person, wrapped by an epoch key that is not in this database.';

alter table record.statement enable row level security;
alter table record.statement force row level security;
alter table record.part enable row level security;
alter table record.part force row level security;
alter table record.subject_key enable row level security;
alter table record.subject_key force row level security;
create policy intake_keeps on record.statement for all to comity_intake using (true) with check (true);
create policy intake_keeps on record.part for all to comity_intake using (true) with check (true);
create policy intake_keeps on record.subject_key for all to comity_intake using (true) with check (true);
-- The gate opens sealed fields of the agencies it may read in this disclosure, and of no other.
create policy gate_reads_in_a_disclosure on record.subject_key for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
grant select, insert, update, delete on record.statement, record.part, record.subject_key to comity_intake;
grant select on record.subject_key to comity_gate;
