-- Extracts: who was in one, and the pseudonyms under which.

-- A pseudonym of each person for each recipient and purpose that ever had one: looked up, never worked out row by row.
create table gate.pseudonym (
    recipient text not null,
    purpose text not null,
    person uuid not null,
    pseudonym uuid not null,
    primary key (recipient, purpose, person)
);
comment on table gate.pseudonym is 'Under which code a person is known to one recipient, for one purpose. The key that made it is in no database.';

-- Whom an extract was about: one compressed set for each clause and each of 4,096 shards, by the first twelve bits of a
-- source person's id, so that whether somebody was in it is told from a few kilobytes and not from a row for everybody.
create table gate.extract_subject (
    disclosure uuid not null,                          -- no foreign key: as gate.disclosure_subject
    clause smallint not null,
    shard smallint not null,
    people bytea not null check (length(people) % 16 = 0), -- ids of source persons, 16 bytes each, in order
    primary key (shard, disclosure, clause)
);
comment on table gate.extract_subject is 'Whom an extract was about.';

create trigger only_grows before update or delete or truncate on gate.extract_subject
    for each statement execute function gate.refuse_change();

grant select, insert on gate.pseudonym, gate.extract_subject to comity_gate;
