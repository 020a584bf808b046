-- Each time that everybody was linked again: with which model, what moved, and the salt that opens the ledger's line.
create table intake.linking (
    entry uuid primary key,
    linked_at timestamp with time zone not null,
    model text,
    outcome jsonb not null,
    salt bytea not null check (octet_length(salt) = 16)
);
comment on table intake.linking is 'Each linking of everybody: counts alone, no person.';
create index linking_newest on intake.linking (linked_at desc);

grant select, insert on intake.linking to comity_intake;
