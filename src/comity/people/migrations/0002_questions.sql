-- What only a person can decide: the questions that are open, what was proposed by one and waits for another, when
-- somebody could not tell, and what came apart.

-- One question for each two persons, however many pairs of their records are near: a projection, as membership is.
create table people.question (
    low uuid not null,
    high uuid not null check (low < high),
    a uuid not null,
    b uuid not null check (a < b),
    weight double precision not null,
    pairs integer not null,
    why text not null,
    away_until timestamp with time zone,
    primary key (low, high)
);
comment on table people.question is 'Two persons of whom a person must say whether they are one; the nearest pair of records leads.';
create index question_high on people.question (high);
create index question_heaviest on people.question (weight desc, low, high);
create index question_away on people.question (away_until) where away_until is not null;

insert into people.question (low, high, a, b, weight, pairs, why)
select distinct on (low, high) low, high, a, b, weight, count(*) over (partition by low, high), case when weight < 2 then 'near' else 'divided' end
from (
    select least(a.person, b.person) as low, greatest(a.person, b.person) as high, edge.a, edge.b, edge.weight
    from people.edge as edge
    join people.membership as a on a.source_person = edge.a
    join people.membership as b on b.source_person = edge.b
    where edge.retired_at is null and a.person <> b.person
) as near
where not exists (
    select from people.standing_judgement as judged
    join people.membership as a on a.source_person = judged.a
    join people.membership as b on b.source_person = judged.b
    where not judged.same and least(a.person, b.person) = near.low and greatest(a.person, b.person) = near.high
)
order by low, high, weight desc, a, b;

create table people.doubt (
    doubt uuid primary key,
    a uuid not null,
    b uuid not null check (a < b),
    doubted_by text not null,
    reason text not null,
    doubted_at timestamp with time zone not null,
    until timestamp with time zone not null check (until > doubted_at)
);
comment on table people.doubt is 'Who could not tell of a pair, and why: the question is put away for a while.';
create index doubt_a on people.doubt (a);
create index doubt_b on people.doubt (b);

create table people.proposal (
    proposal uuid primary key,
    a uuid not null,
    b uuid not null check (a < b),
    proposed_by text not null,
    reason text not null,
    strong text[] not null check (cardinality(strong) > 0),
    proposed_at timestamp with time zone not null,
    unique (proposal, proposed_by)
);
comment on table people.proposal is 'A merge of two strong identities, as one person proposed it. It binds nothing until another confirms it.';
create index proposal_a on people.proposal (a);
create index proposal_b on people.proposal (b);

create table people.proposal_end (
    proposal uuid primary key,
    proposed_by text not null,
    outcome text not null check (outcome in ('confirmed', 'refused', 'withdrawn')),
    ended_by text not null,
    reason text not null,
    ended_at timestamp with time zone not null,
    judgement uuid check ((judgement is not null) = (outcome = 'confirmed')),
    foreign key (proposal, proposed_by) references people.proposal (proposal, proposed_by),
    check ((outcome = 'withdrawn') = (ended_by = proposed_by))
);
comment on table people.proposal_end is 'What became of a proposal. The database itself refuses that whoever proposed also confirms.';

-- Since when a source person has been here: what it was part of before its first move.
alter table people.source_person add column known_since timestamp with time zone not null default now();
update people.source_person as source set known_since = least(source.placed_at, (
    select person.created_at from people.membership as held
    join people.person as person on person.person = coalesce(
        (select move.from_person from people.move as move
         where move.source_person = held.source_person and move.from_person is not null order by move.move limit 1),
        held.person)
    where held.source_person = source.source_person));

create table people.parted (
    parting uuid not null,
    source_person uuid not null,
    agency text not null,
    judgement uuid not null,
    was uuid not null,
    is_now uuid not null,
    since timestamp with time zone not null,
    parted_at timestamp with time zone not null default clock_timestamp(), -- a decision may have waited for the lock
    primary key (parting, source_person)
);
comment on table people.parted is 'Who was in a person whom a decision parted, who is in which since, and since when the parts had been one: what was disclosed meanwhile rested on it.';
create index parted_judgement on people.parted (judgement);
create index parted_source_person on people.parted (source_person);

alter table people.parted enable row level security;
alter table people.parted force row level security;
create policy intake_keeps on people.parted for all to comity_intake using (true) with check (true);
create policy gate_reads_in_a_disclosure on people.parted for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));

grant select, insert, update, delete on people.question to comity_intake;
grant select, insert, delete on people.doubt, people.proposal, people.proposal_end, people.parted to comity_intake;
grant select on people.parted to comity_gate;
