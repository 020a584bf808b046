-- name: share_epochs
-- Keep the current epoch current until this transaction ends: whoever seals holds this, with all others who seal.
select pg_advisory_xact_lock_shared(hashtextextended('comity.epochs', 0))

-- name: alone_with_epochs
-- Wait until nobody is sealing, and let nobody begin: while an epoch begins or ends.
select pg_advisory_xact_lock(hashtextextended('comity.epochs', 0))

-- name: begin_epoch
-- Remember since when an epoch is current; the first began when the node did, before there was a table of them.
insert into record.epoch (epoch, began_at) values (%(epoch)s, %(now)s) on conflict do nothing

-- name: epochs
-- Every epoch that is known, with how many data keys and messages are under it.
select epoch, began_at, emptied_at, destroyed_at,
    (select count(*) from record.subject_key as held where held.epoch = it.epoch),
    (select count(*) from record.statement as said where said.verbatim_epoch = it.epoch and said.verbatim is not null)
from record.epoch as it order by epoch

-- name: keys_of_older_epochs
-- Some wrapped data keys of older epochs, held until they are written again; those that somebody else holds come later.
select source_person, agency, epoch, wrapped from record.subject_key
where epoch < %(current)s order by epoch limit %(size)s for no key update skip locked

-- name: put_wrapped
-- Write data keys again, wrapped by another epoch's key.
update record.subject_key as held set epoch = %(epoch)s, wrapped = it.wrapped
from unnest(%(people)b::uuid[], %(wrapped)b::bytea[]) as it (source_person, wrapped)
where held.source_person = it.source_person

-- name: messages_of_older_epochs
-- Some messages kept word for word under older epochs, held until they are written again.
select statement_id, verbatim_epoch, verbatim from record.statement
where verbatim is not null and verbatim_epoch < %(current)s order by verbatim_epoch limit %(size)s for no key update skip locked

-- name: put_messages
-- Write messages again, sealed under another epoch.
update record.statement as said set verbatim_epoch = %(epoch)s, verbatim = it.verbatim
from unnest(%(statements)b::uuid[], %(verbatim)b::bytea[]) as it (statement_id, verbatim)
where said.statement_id = it.statement_id

-- name: under_older_epochs
-- Whether anything is still under an epoch before this one.
select exists (select from record.subject_key where epoch < %(current)s)
    or exists (select from record.statement where verbatim is not null and verbatim_epoch < %(current)s)

-- name: under_epoch
-- How many data keys and messages are under an epoch.
select (select count(*) from record.subject_key where epoch = %(epoch)s),
    (select count(*) from record.statement where verbatim_epoch = %(epoch)s and verbatim is not null)

-- name: empty_epochs
-- Remember since when nothing is under the epochs before this one.
update record.epoch set emptied_at = %(now)s where epoch < %(current)s and emptied_at is null

-- name: epoch
-- When an epoch began, was emptied and destroyed.
select began_at, emptied_at, destroyed_at from record.epoch where epoch = %(epoch)s

-- name: destroyed
-- Remember when an epoch's key was destroyed.
update record.epoch set destroyed_at = %(now)s where epoch = %(epoch)s

-- name: keep_act
-- Keep what a line of the ledger commits to.
insert into record.epoch_act (entry, epoch, what, salt) values (%(entry)s, %(epoch)s, %(what)s, %(salt)s)

-- name: unentered
-- Which of these epochs have no line in the ledger about their beginning.
select epoch from record.epoch as it where epoch = any(%(epochs)s)
    and not exists (select from record.epoch_act as act where act.epoch = it.epoch and act.what ->> 'act' = 'begin-epoch')
order by epoch
