-- What people decided about who is who, so that the ledger's entry of it can be opened.
create table intake.decision (
    entry uuid primary key,
    decided_at timestamp with time zone not null,
    what jsonb not null,
    salt bytea not null check (octet_length(salt) = 16)
);
comment on table intake.decision is 'What the ledger''s entries of decisions commit to: random ids and the deciding staff id, no name.';
grant select, insert on intake.decision to comity_intake;
