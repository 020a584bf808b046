-- name: one_at_a_time
-- Let one transaction at a time change what an agency says: its persons' keys and statements are not made twice.
select pg_advisory_xact_lock(hashtextextended('comity.intake ' || %(agency)s, 0))

-- name: cursor
-- Where a source left off.
select cursor from intake.cursor where source = %(source)s

-- name: move_cursor
-- Remember where a source left off.
insert into intake.cursor (source, cursor, moved_at) values (%(source)s, %(cursor)s, %(now)s)
on conflict (source) do update set cursor = excluded.cursor, moved_at = excluded.moved_at

-- name: latest_statements
-- The last word of these kinds under each of these source keys, held ones left aside, and what is current there.
select distinct on (s.source_key) s.source_key, s.statement_id, s.version, s.digest, s.status, s.kind,
    (select c.statement_id from record.statement c where c.source = s.source and c.source_key = s.source_key
        and c.status = 'admitted' and c.kind = 'state')
from record.statement s
where s.source = %(source)s and s.source_key = any(%(keys)s) and s.status <> 'quarantined' and s.kind = any(%(kinds)s)
order by s.source_key, s.version desc, s.received_at desc

-- name: held_or_erased
-- Which of these messages are held, or were erased.
select digest, status from record.statement
where source = %(source)s and digest = any(%(digests)s) and status in ('quarantined', 'erased')

-- name: superseded_before
-- Which of these messages were said before and have given way.
select digest, source_key from record.statement
where source = %(source)s and digest = any(%(digests)s) and status in ('superseded', 'retracted')

-- name: erased_persons
-- Which of these persons were erased.
select source_person from intake.erased_person where source_person = any(%(people)s)

-- name: remember_erased
-- Remember that these persons were erased.
insert into intake.erased_person (source_person, erased_at)
select unnest(%(people)s::uuid[]), %(now)s on conflict do nothing

-- name: held_under_keys
-- Messages held under these source keys.
select statement_id from record.statement
where source = %(source)s and source_key = any(%(keys)s) and status = 'quarantined'

-- name: held_about
-- Messages held that seem to be about these persons.
select statement_id from intake.quarantine where resolved_at is null and persons && %(people)s::uuid[]

-- name: copy_quarantine
-- Hold messages, with why.
copy intake.quarantine (statement_id, source, mapping, place, faults, persons, held_at, tried_at) from stdin

-- name: still_held
-- A message was tried again and is still held.
update intake.quarantine set faults = %(faults)s, mapping = %(mapping)s, persons = %(persons)s, tried_at = %(now)s
where statement_id = %(statement)s

-- name: resolve
-- Messages are held no longer, and say no longer whom they seemed to be about.
update intake.quarantine set resolved_at = %(now)s, resolution = %(resolution)s, persons = '{}'
where statement_id = any(%(ids)s) and resolved_at is null

-- name: held_page
-- Some of what a source's quarantine holds, from a number on, with the sealed messages.
select q.statement_id, q.place, s.verbatim, s.verbatim_epoch, s.format, q.number
from intake.quarantine q join record.statement s using (statement_id)
where q.source = %(source)s and q.resolved_at is null and q.number > %(after)s
order by q.number limit %(size)s

-- name: overtaken
-- Statements and retractions held under these source keys before these numbers. An erasure waits until it is done.
select q.statement_id
from unnest(%(keys)s::text[], %(numbers)s::bigint[]) as later (source_key, number)
join record.statement s on s.source = %(source)s and s.source_key = later.source_key and s.status = 'quarantined'
    and s.kind in ('state', 'retract')
join intake.quarantine q on q.statement_id = s.statement_id
where q.resolved_at is null and q.number < later.number

-- name: readmit
-- A message that was held takes its place among the statements; one without a salt says nothing more, word for word.
update record.statement
set source_key = %(source_key)s, version = %(version)s, kind = %(kind)s, status = %(status)s, mapping = %(mapping)s,
    entry = %(entry)s, salt = %(salt)s, verbatim = case when %(salt)s::bytea is not null then verbatim end
where statement_id = %(statement)s

-- name: statements_under_key
-- Every statement ever made under a source key, acts aside.
select statement_id, status from record.statement
where source = %(source)s and source_key = %(source_key)s and kind = 'state' and status <> 'erased'

-- name: statements_about
-- Every statement that has a part about one of these persons.
select distinct statement_id from record.part where source_person = any(%(people)s)

-- name: parts_of
-- The sealed parts of statements.
select statement_id, source_person, body from record.part where statement_id = any(%(ids)s)

-- name: sayings_of
-- The sealed parts that current statements have about these subjects, the newest first.
select p.statement_id, p.source_person, p.body, s.agency, s.source, s.received_at
from record.part p join record.statement s using (statement_id)
where p.source_person = any(%(subjects)s) and s.status = 'admitted' and s.kind = 'state'
order by s.received_at desc, s.version desc

-- name: drop_verbatim
-- Remove the verbatim message of statements of which a part was erased, and what opens the ledger's commitment to it.
update record.statement set verbatim = null, salt = null where statement_id = any(%(ids)s)

-- name: destroy_unused_keys
-- Destroy the keys of subjects about whom nothing is kept any more.
delete from record.subject_key k where k.source_person = any(%(subjects)s)
and not exists (select from record.part p where p.source_person = k.source_person)

-- name: open_delivery
-- The delivery of a source that was cut off, if there is one.
select delivery_id from intake.delivery where source = %(source)s and finished_at is null

-- name: begin_delivery
-- Begin to count what a source delivers.
insert into intake.delivery (delivery_id, source, mapping, started_at)
values (%(delivery)s, %(source)s, %(mapping)s, %(now)s)

-- name: whole_delivery
-- A delivery that is complete in itself: a message, or a batch that was handed in.
insert into intake.delivery (delivery_id, source, mapping, started_at, finished_at)
values (%(delivery)s, %(source)s, %(mapping)s, %(now)s, %(now)s)

-- name: count_delivery
-- Add what became of a batch.
update intake.delivery set
    delivered = delivered + %(delivered)s, admitted = admitted + %(admitted)s, unchanged = unchanged + %(unchanged)s,
    outdated = outdated + %(outdated)s, quarantined = quarantined + %(quarantined)s,
    retracted = retracted + %(retracted)s, erased = erased + %(erased)s, judged = judged + %(judged)s,
    forgotten = forgotten + %(forgotten)s
where delivery_id = %(delivery)s

-- name: end_delivery
-- A delivery is complete.
update intake.delivery set finished_at = %(now)s where delivery_id = %(delivery)s

-- name: delivery
-- What became of a delivery.
select delivered, admitted, unchanged, outdated, quarantined, retracted, erased, judged, forgotten
from intake.delivery where delivery_id = %(delivery)s

-- name: deliveries
-- The newest deliveries.
select source, mapping, started_at, finished_at, delivered, admitted, unchanged, outdated, quarantined, retracted,
    erased, judged, forgotten
from intake.delivery order by started_at desc, delivery_id limit %(limit)s

-- name: sources
-- Each source that ever delivered, and how its statements stand.
select source, status, count(*) from record.statement where kind = 'state' group by source, status order by source, status

-- name: faults
-- How often each cause holds a message, per source, record and field.
select q.source, f ->> 'record', f ->> 'field', f ->> 'cause', count(*)
from intake.quarantine q cross join lateral jsonb_array_elements(q.faults) f
where q.resolved_at is null group by 1, 2, 3, 4 order by 1, 2, 3, 4

-- name: held
-- A page of what is held.
select q.statement_id, q.source, q.mapping, q.place, q.faults, q.held_at, q.tried_at, s.format
from intake.quarantine q join record.statement s using (statement_id)
where q.resolved_at is null and (%(source)s::text is null or q.source = %(source)s)
order by q.number limit %(limit)s offset %(offset)s

-- name: count_held
-- How many messages are held.
select count(*) from intake.quarantine
where resolved_at is null and (%(source)s::text is null or source = %(source)s)

-- name: persons_with_a_record
-- Which of these persons have a record now.
select record_id from record.person where record_id = any(%(persons)s)

-- name: stays_of
-- When these persons were in prison.
select source_person, agency, facility, received_on, released_on from record.custody
where source_person = any(%(persons)s::uuid[]) and kind = any(%(kinds)s::text[])

-- name: all_stays
-- When everybody was in prison.
select source_person, agency, facility, received_on, released_on from record.custody
where source_person is not null and kind = any(%(kinds)s::text[])

-- name: note_linking
-- Note that everybody was linked again, and what came of it.
insert into intake.linking (entry, linked_at, model, outcome, salt)
values (%(entry)s, %(at)s, %(model)s, %(outcome)s, %(salt)s)

-- name: linking_due
-- Whether there is somebody to link, and nobody has been linked in bulk yet.
select exists (select from people.source_person) and not exists (select from intake.linking)

-- name: sources_at_a_glance
-- Each source, what it delivered and what is still held.
select d.source, sum(d.delivered)::bigint, sum(d.admitted)::bigint, max(d.started_at),
    (select count(*) from intake.quarantine q where q.source = d.source and q.resolved_at is null)
from intake.delivery d group by d.source order by d.source

-- name: people_at_a_glance
-- How many records of people there are, and how many persons they are.
select count(*), count(distinct person) from people.membership

-- name: person_is_known
-- A row if there is such a person, or was one who is another since.
select person from people.person where person = %(person)s

-- name: best_known
-- The person whom most records are about: the fullest example of a joined-up record.
select person from people.membership group by person order by count(*) desc, person limit 1

-- name: keep_decision
-- Keep what a decision's entry commits to.
insert into intake.decision (entry, decided_at, what, salt) values (%(entry)s, %(now)s, %(what)s, %(salt)s)

-- name: queue
-- A page of what only a person can decide: whoever is due somewhere soon first, then the likelier to be one person.
with ahead as (
    select held.source_person, held."case", held.starts_on as day, 1 as kind from record."hearing" as held
    where held.starts_on between %(today)s and %(until)s and (held.status = 'listed' or held.status is null)
    union all
    select held.source_person, null, held.release_due_on, 2 from record."custody" as held
    where held.release_due_on between %(today)s and %(until)s and held.released_on is null
    union all
    select held.source_person, null, held.ends_on, 3 from record."supervision" as held
    where held.ends_on between %(today)s and %(until)s and (held.status in ('active', 'suspended', 'breached') or held.status is null)
), due as (
    select source_person, day, kind from ahead where source_person is not null
    union all
    select charged.source_person, ahead.day, ahead.kind from ahead
    join record."charge" as charged on charged."case" = ahead."case"
    where ahead.source_person is null and charged.source_person is not null
), near as (
    select member.person, min((due.day - date '2000-01-01') * 4 + due.kind) as soonest
    from due join people.membership as member on member.source_person = due.source_person
    group by member.person
), pressing as (
    select of.low, of.high, min(of.soonest) as soonest
    from (
        select question.low, question.high, near.soonest from near join people.question as question on question.low = near.person
        union all
        select question.low, question.high, near.soonest from near join people.question as question on question.high = near.person
    ) as of
    group by of.low, of.high
), open as (
    select of.* from (
        (
            select question.*, pressing.soonest
            from pressing join people.question as question on question.low = pressing.low and question.high = pressing.high
            where question.away_until is null or question.away_until <= %(now)s
        )
        union all
        (
            select question.*, null::integer
            from people.question as question
            where (question.away_until is null or question.away_until <= %(now)s)
              and (question.low, question.high) not in (select pressing.low, pressing.high from pressing)
            order by question.weight desc, question.low, question.high
            limit %(limit)s + %(offset)s
        )
    ) as of
    order by of.soonest nulls last, of.weight desc, of.low, of.high
    limit %(limit)s offset %(offset)s
)
select open.low, open.high, open.a, open.b, open.weight, open.pairs, open.why, open.held, a.agency, b.agency,
    date '2000-01-01' + open.soonest / 4,
    (array['hearing', 'release', 'supervision'])[open.soonest %% 4],
    exists (
        select from people.proposal as proposed
        join people.membership as x on x.source_person = proposed.a
        join people.membership as y on y.source_person = proposed.b
        where least(x.person, y.person) = open.low and greatest(x.person, y.person) = open.high
          and not exists (select from people.proposal_end as over where over.proposal = proposed.proposal)
    )
from open
join people.membership as a on a.source_person = open.a
join people.membership as b on b.source_person = open.b
order by open.soonest nulls last, open.weight desc, open.low, open.high

-- name: count_questions
-- How many questions wait, how many of them are about somebody who is due somewhere soon, and how many are put away.
with due as (
    select held.source_person, held."case" from record."hearing" as held
    where held.starts_on between %(today)s and %(until)s and (held.status = 'listed' or held.status is null)
    union all
    select held.source_person, null from record."custody" as held
    where held.release_due_on between %(today)s and %(until)s and held.released_on is null
    union all
    select held.source_person, null from record."supervision" as held
    where held.ends_on between %(today)s and %(until)s and (held.status in ('active', 'suspended', 'breached') or held.status is null)
), near as (
    select member.person from due join people.membership as member on member.source_person = due.source_person
    union
    select member.person from due join record."charge" as charged on charged."case" = due."case"
    join people.membership as member on member.source_person = charged.source_person
    where due.source_person is null
)
select (select count(*) from people.question where away_until is null or away_until <= %(now)s),
    (
        select count(*) from (
            select low, high from near join people.question on low = person where away_until is null or away_until <= %(now)s
            union
            select low, high from near join people.question on high = person where away_until is null or away_until <= %(now)s
        ) as pressing
    ),
    (select count(*) from people.question where away_until > %(now)s)
