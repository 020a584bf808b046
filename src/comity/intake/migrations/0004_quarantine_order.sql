-- The order in which messages were held: a replay takes them up in the order in which the source said them.
alter table intake.quarantine add column number bigint generated always as identity;
create index quarantine_order on intake.quarantine (source, number) where resolved_at is null;
drop index intake.quarantine_open;
