-- Extracts that were asked for, and wait for the worker.

-- name: hold_requester
-- One order of a requester at a time, so that what is counted stays so.
select pg_advisory_xact_lock(hashtextextended(%(agency)s || '/' || %(requester)s, 71))

-- name: unfinished
-- How many of a requester's are not finished.
select count(*) from gate.extract_order
where agency = %(agency)s and requester = %(requester)s and state in ('waiting', 'making')

-- name: put
-- One more that waits.
insert into gate.extract_order (id, agency, requester, role, agreement, ordered_at, ordered, changed_at)
values (%(id)s, %(agency)s, %(requester)s, %(role)s, %(agreement)s, %(at)s, %(ordered)s, %(at)s)

-- name: of
-- One order, or the latest of a requester where none is named.
select id, ordered, state, changed_at, parts, version, refusal, reason from gate.extract_order
where agency = %(agency)s and requester = %(requester)s and role = %(role)s and (%(id)s::uuid is null or id = %(id)s)
order by ordered_at desc, id
limit 50

-- name: lead
-- Whether this connection makes extracts now: one at a time does, and another goes on when that one is gone.
select pg_try_advisory_lock(71, 1)

-- name: next
-- What is to be made next: what was begun already before what waits.
select id, ordered, attempts from gate.extract_order
where state in ('waiting', 'making')
order by state = 'waiting', ordered_at, id
limit 1

-- name: set_making
-- It is being made, in another attempt.
update gate.extract_order set state = 'making', changed_at = %(at)s, attempts = attempts + 1 where id = %(id)s

-- name: set_parts
-- So many parts are to be made of it.
update gate.extract_order set parts = %(parts)s where id = %(id)s

-- name: set_made
-- It is there to be collected.
update gate.extract_order set state = 'made', changed_at = %(at)s, version = %(version)s where id = %(id)s

-- name: set_refused
-- Nothing leaves.
update gate.extract_order set state = 'refused', changed_at = %(at)s, refusal = %(refusal)s, reason = %(reason)s
where id = %(id)s

-- name: set_state
-- It is over, without a file.
update gate.extract_order set state = %(state)s, changed_at = %(at)s where id = %(id)s

-- name: kept_too_long
-- What was made and not removed in time.
select id from gate.extract_order where state = 'made' and changed_at <= %(before)s

-- name: about
-- Whom an extract was about, by the shards of its log.
select people from gate.extract_subject where shard = any(%(shards)s) and disclosure = %(id)s
