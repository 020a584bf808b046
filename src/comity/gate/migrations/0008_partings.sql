-- Who is told that records they were shown as of one person are not: a decision about who is who parted them since.
create table gate.parting (
    parting uuid primary key,        -- as of people.parted
    id uuid not null unique,         -- of the ledger's entry
    at timestamptz not null,
    judgement uuid not null,         -- the decision that parted them, or the one that was undone
    digest bytea not null check (length(digest) = 32), -- SHA-256 of the disclosures that were told of
    salt bytea not null check (length(salt) = 16)      -- commitment = SHA-256(salt || digest)
);
comment on table gate.parting is 'Each person whom a decision parted, once everybody who received something meanwhile was told.';
create index parting_judgement on gate.parting (judgement);

create table gate.parted_use (
    number bigint generated always as identity unique,
    parting uuid not null references gate.parting,
    disclosure uuid not null,
    joined boolean not null,         -- it held records of more than one of the parts
    primary key (parting, disclosure)
);
comment on table gate.parted_use is 'Each disclosure that rested on a link which a decision parted: whoever made it was told, once.';
create index parted_use_of on gate.parted_use (disclosure);

create trigger only_grows before update or delete or truncate on gate.parting
    for each statement execute function gate.refuse_change();
create trigger only_grows before update or delete or truncate on gate.parted_use
    for each statement execute function gate.refuse_change();

grant select, insert on gate.parting, gate.parted_use to comity_gate;
create index disclosure_of_requester on gate.disclosure (agency, requester, at desc);
