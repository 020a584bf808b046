-- How long what was admitted is kept: schedules adopted, holds, what is due, what was done.

-- name: adopt
-- An agency's records are kept by these schedules from now on.
insert into intake.keeping (agency, jurisdiction, kind, verbatim_days, adopted_by, reason, adopted_at, entry, salt)
values (%(agency)s, %(jurisdiction)s, %(kind)s, %(verbatim_days)s, %(by)s, %(reason)s, %(at)s, %(entry)s, %(salt)s)

-- name: shorten_verbatim
-- What is kept word for word already is kept no longer than what comes.
update record.statement set verbatim_until = received_at + make_interval(days => %(verbatim_days)s)
where agency = %(agency)s and verbatim is not null and verbatim_until > received_at + make_interval(days => %(verbatim_days)s)

-- name: keeping
-- By which schedules each agency's records are kept.
select distinct on (agency) agency, jurisdiction, kind, verbatim_days, adopted_at, adopted_by from intake.keeping
order by agency, number desc

-- name: verbatim_days
-- How long an agency's messages are kept word for word, if it said so.
select verbatim_days from intake.keeping where agency = %(agency)s order by number desc limit 1

-- name: share_holds
-- Let no hold be set until this transaction ends: whoever erases has looked for those that stand.
select pg_advisory_xact_lock_shared(hashtextextended('comity.holds', 0))

-- name: alone_with_holds
-- Wait until nobody is erasing, and let nobody begin: what a hold is set upon is there when it stands.
select pg_advisory_xact_lock(hashtextextended('comity.holds', 0))

-- name: set_hold
-- Something must not be erased.
insert into intake.legal_hold (hold, agency, scope, people, persons, cases, source, source_key, reason, set_by, set_at, review_by, entry, salt)
values (%(hold)s, %(agency)s, %(scope)s, %(people)s, %(persons)s, %(cases)s, %(source)s, %(source_key)s, %(reason)s, %(by)s,
    %(at)s, %(review_by)s, %(entry)s, %(salt)s)

-- name: lift_hold
-- It may be erased again, as far as this hold goes; no row if it was lifted already, or is none.
insert into intake.legal_hold_end (hold, reason, lifted_by, lifted_at, entry, salt)
select hold, %(reason)s, %(by)s, %(at)s, %(entry)s, %(salt)s from intake.legal_hold where hold = %(hold)s
on conflict (hold) do nothing
returning hold

-- name: holds
-- Holds, those that stand first, and of these the one to be reviewed first; with whoever those are now whom they are upon,
-- and what shares the reference of a case by now.
select h.hold, h.agency, h.scope, h.people,
    h.persons || array(select m.person from people.membership m where m.source_person = any(h.people)),
    h.cases || array(
        select c.record_id from record."case" as held join record."case" as c on c.common_reference = held.common_reference
        where held.record_id = any(h.cases)),
    h.source, h.source_key, h.reason, h.set_by, h.set_at, h.review_by,
    e.lifted_at, e.lifted_by, e.reason
from intake.legal_hold h left join intake.legal_hold_end e using (hold)
where (%(standing)s::boolean is false or e.hold is null)
order by e.hold is not null, h.review_by, h.hold

-- name: person_of
-- The person whom this id leads to, and the source persons of whom they consist; of one source person, those of its person.
with recursive leads (person, redirect_to) as (
    select person, redirect_to from people.person
    where person = coalesce((select person from people.membership where source_person = %(id)s), %(id)s)
    union
    select p.person, p.redirect_to from people.person p join leads on p.person = leads.redirect_to
)
select m.person, m.source_person, m.agency from people.membership m join leads using (person)

-- name: cases_of
-- A case, and the same case in the books of others, by the reference that they share.
select c.record_id from record."case" as asked join record."case" as c
    on c.record_id = asked.record_id or c.common_reference = asked.common_reference
where asked.record_id = %(id)s

-- name: persons_now
-- Who these source persons are now.
select source_person, person from people.membership where source_person = any(%(people)s)

-- name: keys_of
-- Under which source key each of these statements stands.
select statement_id, source, source_key from record.statement where statement_id = any(%(ids)s)

-- name: forget_ended_holds
-- Holds that were lifted say no longer whom, or what, they were about.
delete from intake.legal_hold h using intake.legal_hold_end e
where e.hold = h.hold and (h.people && %(people)s::uuid[] or exists (
    select from record.statement s
    where s.statement_id = any(%(ids)s) and s.source = h.source and s.source_key = h.source_key))

-- name: forget_decisions
-- What was decided about the time of what stood under these keys.
delete from intake.kept_longer k using record.statement s
where s.statement_id = any(%(ids)s) and s.source = k.source and s.source_key = k.source_key

-- name: bury
-- A tombstone does not say the source's own key either.
update record.statement s set source_key = given.source_key
from unnest(%(ids)s::uuid[], %(keys)s::text[]) as given (statement_id, source_key)
where s.statement_id = given.statement_id

-- name: keep_longer
-- A person decided to keep what stands under a source key until a day.
insert into intake.kept_longer (agency, source, source_key, until, rule, reason, decided_by, decided_at, entry, salt)
values (%(agency)s, %(source)s, %(source_key)s, %(until)s, %(rule)s, %(reason)s, %(by)s, %(at)s, %(entry)s, %(salt)s)

-- name: kept_until
-- Until when a person decided to keep what stands under these keys.
select distinct on (k.source, k.source_key) k.source, k.source_key, k.until from intake.kept_longer k
join unnest(%(sources)s::text[], %(keys)s::text[]) as asked (source, source_key) using (source, source_key)
order by k.source, k.source_key, k.number desc

-- name: standing
-- A page of current statements of these agencies, and when what is under their key was first received.
select s.statement_id, s.agency, s.source, s.source_key,
    (select min(f.received_at) from record.statement f where f.source = s.source and f.source_key = s.source_key and f.kind = 'state')
from record.statement s
where s.status = 'admitted' and s.kind = 'state' and s.agency = any(%(agencies)s)
    and (%(after)s::uuid is null or s.statement_id > %(after)s)
order by s.statement_id limit %(size)s

-- name: standing_under
-- The current statement under a source key of an agency.
select s.statement_id, s.agency, s.source, s.source_key,
    (select min(f.received_at) from record.statement f where f.source = s.source and f.source_key = s.source_key and f.kind = 'state')
from record.statement s
where s.status = 'admitted' and s.kind = 'state' and s.agency = any(%(agencies)s) and s.source = %(source)s and s.source_key = %(source_key)s

-- name: versions
-- Every statement under the keys of these, whatever its version.
select o.statement_id from record.statement s
join record.statement o on o.source = s.source and o.source_key = s.source_key
where s.statement_id = any(%(ids)s) and o.kind = 'state' and o.status <> 'erased'

-- name: left_without
-- Of whom nothing is kept but by these statements.
select distinct p.source_person from record.part p where p.statement_id = any(%(ids)s)
    and not exists (
        select from record.part o where o.source_person = p.source_person and not o.statement_id = any(%(ids)s)
    )

-- name: people_in
-- Whom these statements are about.
select distinct source_person from record.part where statement_id = any(%(ids)s)

-- name: restrict
-- Kept sealed until a day.
insert into intake.restricted (statement_id, agency, rule, restricted_on, delete_on)
select unnest(%(ids)s::uuid[]), %(agency)s, %(rule)s, %(on)s, %(until)s on conflict do nothing

-- name: restricted_due
-- What was restricted and is to be erased now.
select r.statement_id, r.agency, s.source, s.source_key, r.rule from intake.restricted r join record.statement s using (statement_id)
where r.delete_on <= %(today)s and r.agency = any(%(agencies)s) and s.status <> 'erased'
order by r.delete_on, r.statement_id limit %(size)s offset %(offset)s

-- name: restricted_soon
-- How much that was restricted is to be erased by a day, by agency and rule.
select agency, rule, count(*), min(delete_on) from intake.restricted
where delete_on <= %(until)s and agency = any(%(agencies)s) group by agency, rule order by agency, rule

-- name: unrestrict
-- No longer kept.
delete from intake.restricted where statement_id = any(%(ids)s)

-- name: put_disposal
-- Keep what the entry of an erasure by time commits to.
insert into intake.disposal (entry, at, agency, source, rule, done, what, salt)
values (%(entry)s, %(at)s, %(agency)s, %(source)s, %(rule)s, %(done)s, %(what)s, %(salt)s)

-- name: put_gone
-- Whoever received something of these people is to be told.
insert into intake.gone (change, source_person, agency, kind)
select %(change)s, unnest(%(people)s::uuid[]), %(agency)s, %(kind)s on conflict do nothing

-- name: open_run
-- A run that was cut off.
select run, after, started_at from intake.retention_run where finished_at is null

-- name: begin_run
-- A run begins.
insert into intake.retention_run (run, started_at) values (%(run)s, %(at)s)

-- name: move_run
-- So far a run is.
update intake.retention_run set after = %(after)s, examined = examined + %(examined)s, deleted = deleted + %(deleted)s,
    restricted = restricted + %(restricted)s, reviews = reviews + %(reviews)s, held = held + %(held)s
where run = %(run)s

-- name: end_run
-- A run is over.
update intake.retention_run set finished_at = %(at)s where run = %(run)s

-- name: forget_forecast
-- What was worked out before.
delete from intake.forecast

-- name: keep_forecast
-- One line of what comes due.
insert into intake.forecast (agency, rule, done, first_on, statements, held, records, ids, at)
values (%(agency)s, %(rule)s, %(done)s, %(first)s, %(statements)s, %(held)s, %(records)s, %(ids)s, %(at)s)

-- name: forecast
-- What comes due of an agency, as it was worked out last.
select agency, rule, done, first_on, statements, held, records, ids from intake.forecast where agency = %(agency)s
order by first_on, rule, done

-- name: runs
-- The latest runs.
select run, started_at, finished_at, examined, deleted, restricted, reviews, held from intake.retention_run
order by started_at desc limit %(limit)s

-- name: alone_in_run
-- One run at a time, until it is over or its connection is.
select pg_try_advisory_lock(72, 1)

-- name: run_is_over
-- Another may run.
select pg_advisory_unlock(72, 1)
