-- What signers were shown of an agreement's effect on the records of that day, and that they confirmed it. A version that
-- was signed before this table was there stays signed: what counts as in force asks nothing of these tables.
create table agreements.impact (
    id uuid primary key,                              -- of the ledger's entry too
    name text not null,
    version int not null,
    agency text,                                      -- for whose officer it was taken; null: for who runs the node
    by text not null,                                 -- the opaque id of that officer
    taken_at timestamptz not null,
    digest bytea not null check (length(digest) = 32), -- SHA-256 of the document
    document bytea not null,                          -- canonical JSON: counts in bands, no ids, no values
    signature bytea check (length(signature) = 64),   -- of a provider elsewhere, under an impact of its own records
    salt bytea not null check (length(salt) = 16),    -- opens the entry's commitment
    foreign key (name, version) references agreements.agreement
);
create index impact_of_version on agreements.impact (name, version, digest);

create table agreements.impact_confirmation (
    number bigint generated always as identity primary key,
    name text not null,
    version int not null,
    agency text not null references agreements.agency,
    impact uuid not null references agreements.impact,
    by text not null,
    confirmed_at timestamptz not null,
    entry uuid not null,
    salt bytea not null check (length(salt) = 16),
    foreign key (name, version) references agreements.agreement
);
create index impact_confirmation_of_version on agreements.impact_confirmation (name, version, agency);

create trigger impacts_stay before update or delete on agreements.impact
    for each row execute function agreements.refuse_change();
create trigger impacts_are_not_emptied before truncate on agreements.impact
    for each statement execute function agreements.refuse_change();
create trigger confirmations_stay before update or delete on agreements.impact_confirmation
    for each row execute function agreements.refuse_change();
create trigger confirmations_are_not_emptied before truncate on agreements.impact_confirmation
    for each statement execute function agreements.refuse_change();

grant select, insert on agreements.impact to comity_gate, comity_governance;
grant select on agreements.impact_confirmation to comity_gate;
grant select, insert on agreements.impact_confirmation to comity_governance;
