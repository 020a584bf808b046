-- What people answered when they were asked for consent: a line for each answer, of which the last one counts.
create table agreements.consent (
    number bigint generated always as identity primary key,
    name text not null,                               -- the agreement, whichever its version
    person uuid not null,                             -- the id of whom it concerns; it tells nothing
    answer text not null check (answer in ('given', 'refused', 'withdrawn')),
    agency text not null references agreements.agency,
    by text not null,                                 -- the opaque id of a member of that agency's staff
    at timestamptz not null,
    reason text not null check (answer <> 'refused' or reason <> ''), -- of a refusal: why to go on all the same
    entry uuid not null,
    salt bytea not null check (length(salt) = 16)
);
create index consent_of_person on agreements.consent (person, name, number desc);

create trigger consents_stay before update or delete on agreements.consent
    for each row execute function agreements.refuse_change();
create trigger consents_are_not_emptied before truncate on agreements.consent
    for each statement execute function agreements.refuse_change();

grant select on agreements.consent to comity_gate, comity_governance;
grant insert on agreements.consent to comity_governance;
