-- What is under which epoch, so that a key that nothing needs any more can be destroyed, and who had that done.
create index subject_key_epoch on record.subject_key (epoch);
create index statement_verbatim_epoch on record.statement (verbatim_epoch) where verbatim is not null;

create table record.epoch (
    epoch integer primary key check (epoch > 0),
    began_at timestamp with time zone not null,
    emptied_at timestamp with time zone,
    destroyed_at timestamp with time zone check (destroyed_at >= emptied_at)
);
comment on table record.epoch is 'Since when an epoch is current, since when nothing is wrapped by its key, and when the key was destroyed.';

create table record.epoch_act (
    entry uuid primary key,
    epoch integer not null references record.epoch,
    what jsonb not null,
    salt bytea not null check (octet_length(salt) = 16)
);
comment on table record.epoch_act is 'What a line of the ledger about an epoch commits to.';

alter table record.epoch enable row level security;
alter table record.epoch force row level security;
alter table record.epoch_act enable row level security;
alter table record.epoch_act force row level security;
create policy intake_keeps on record.epoch for all to comity_intake using (true) with check (true);
create policy intake_keeps on record.epoch_act for all to comity_intake using (true) with check (true);
grant select, insert, update on record.epoch to comity_intake;
grant select, insert on record.epoch_act to comity_intake;
