-- A commitment of the ledger to what was erased can be tried with guesses for as long as its salt is here: it goes too.
alter table record.statement alter column salt drop not null;
alter table record.statement add check (salt is not null or verbatim is null);

alter table record.statement no force row level security;
-- What was erased; what asked for it; and what was kept of a statement of which one person was erased before its time.
update record.statement set salt = null
where status = 'erased' or (kind = 'erase' and status <> 'quarantined') or (verbatim is null and verbatim_until > now());
alter table record.statement force row level security;
