-- Who is who: what is known of each source person, which of them are one human being, and how that was decided.
create schema people;
grant usage on schema people to comity_intake, comity_gate;

create table people.source_person (
    source_person uuid primary key,
    agency text not null,
    given_names text,
    family_name text,
    alias_names text[] not null default '{}',
    birth_date date,
    sex text,
    postcode text,
    identifiers jsonb not null default '{}',
    placed_at timestamp with time zone not null default now()
);
comment on table people.source_person is 'The features of one source person that linking needs. No other role than intake reads them.';

create table people.person (
    person uuid primary key,
    created_at timestamp with time zone not null default now(),
    redirect_to uuid references people.person check (redirect_to <> person)
);
comment on table people.person is 'The ids ever given to a human being. An id is never taken back: merged into another, it leads there.';
create index person_redirect on people.person (redirect_to) where redirect_to is not null;

create table people.membership (
    source_person uuid primary key references people.source_person on delete cascade,
    person uuid not null references people.person,
    agency text not null
);
comment on table people.membership is 'Every source person is in exactly one person: a projection of edges and judgements.';
create index membership_person on people.membership (person);

create table people.move (
    move bigint generated always as identity primary key,
    source_person uuid not null,
    from_person uuid references people.person,
    to_person uuid references people.person,
    moved_at timestamp with time zone not null default now()
);
comment on table people.move is 'Each change of membership, added and never changed: an id comes back when a link is undone.';
create index move_source_person on people.move (source_person, move desc);

-- A blocking key is hashed: 64 bits are enough to find candidates, and the index holds no name.
create table people.key (
    key bigint not null,
    source_person uuid not null references people.source_person on delete cascade,
    primary key (key, source_person)
);
create index key_source_person on people.key (source_person);

create table people.token (
    kind text not null check (kind in ('name', 'birth_date', 'number')),
    token text collate "C" not null,
    source_person uuid not null references people.source_person on delete cascade,
    agency text not null,
    primary key (source_person, kind, token)
);
comment on table people.token is 'What a search may find a source person by, standardised. Collation C: a prefix is a range, which row-level security lets an index serve.';
create index token_search on people.token (kind, token, source_person);

create table people.edge (
    edge bigint generated always as identity primary key,
    a uuid not null,
    b uuid not null check (a < b),
    weight double precision not null,
    model text not null,
    scored_at timestamp with time zone not null default now(),
    retired_at timestamp with time zone
);
comment on table people.edge is 'Scored pairs, added and never changed; one is retired when a feature or the model that it rests on is replaced.';
create unique index edge_standing on people.edge (a, b) where retired_at is null;
create index edge_standing_b on people.edge (b) where retired_at is null;

create table people.judgement (
    judgement uuid primary key,
    a uuid not null,
    b uuid not null check (a < b),
    verdict text not null check (verdict in ('same', 'different', 'undone')),
    undoes uuid unique references people.judgement check ((undoes is not null) = (verdict = 'undone')),
    judged_by text not null,
    reason text not null,
    judged_at timestamp with time zone not null
);
comment on table people.judgement is 'What people decided of a pair, added and never changed: undoing is a row too.';
create index judgement_a on people.judgement (a);
create index judgement_b on people.judgement (b);

create view people.standing_judgement with (security_invoker = true) as
select judgement, a, b, verdict = 'same' as same, judged_by, reason, judged_at from people.judgement
where verdict <> 'undone' and judgement not in (select undoes from people.judgement where undoes is not null);

create table people.model (
    version text primary key,
    trained_at timestamp with time zone not null,
    body jsonb not null,
    applied bigint generated always as identity unique
);
comment on table people.model is 'Trained weights. The one applied last is in force.';

alter table people.source_person enable row level security;
alter table people.source_person force row level security;
alter table people.membership enable row level security;
alter table people.membership force row level security;
alter table people.token enable row level security;
alter table people.token force row level security;
create policy intake_keeps on people.source_person for all to comity_intake using (true) with check (true);
create policy intake_keeps on people.membership for all to comity_intake using (true) with check (true);
create policy intake_keeps on people.token for all to comity_intake using (true) with check (true);
create policy gate_reads_in_a_disclosure on people.membership for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy gate_reads_in_a_disclosure on people.token for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
grant select, insert, update, delete on people.source_person, people.membership, people.token, people.key, people.edge
    to comity_intake;
grant select, insert, update on people.person to comity_intake;
grant select, insert, delete on people.move, people.judgement to comity_intake;
grant select, insert on people.model to comity_intake;
grant select on people.standing_judgement to comity_intake;
grant select on people.membership, people.token, people.person to comity_gate;
