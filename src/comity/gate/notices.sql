-- Notices: the parts of the statement that subscribes and that tells, and what is read of both.

-- name: live
-- Whether there is still somebody to tell: while one subscribes, or is subscribed.
select 1 as it where %(first)s::boolean or exists (
    select 1 from gate.subscription as kept where kept.id = %(subscription)s::uuid and not exists (
        select 1 from gate.subscription_end as over where over.subscription = kept.id
    )
)

-- name: fresh
-- Of the rows that a read of this person would release now, those received since and not told of yet.
select readable.clause, readable.account, readable.record_id, readable.source_person, readable.line, readable.record, readable.received_at
from readable
where readable.received_at > %(since)s::timestamptz and exists (select 1 from live) and not exists (
    select 1 from gate.told as before
    where before.subscription = %(subscription)s::uuid and before.record_id = readable.record_id
      and before.received_at = readable.received_at
)

-- name: released
-- What is told; somebody who only now subscribes is told of nothing that is there already.
select fresh.clause, fresh.account, fresh.record_id, fresh.source_person, fresh.line from fresh where not %(first)s::boolean

-- name: outcome
-- As of a read; nothing at all where nothing is new.
select as_read.id, as_read.rows, as_read.body, as_read.digest, as_read.kind, as_read.reason from as_read
where %(first)s::boolean or as_read.kind = 'disclosure' and as_read.rows > 0

-- name: subscribed
-- The subscription, of somebody about whom there is something to tell at all; one at a time of each.
insert into gate.subscription (id, agency, requester, role, agreement, purpose, person, case_reference, justification, since)
select %(subscription)s::uuid, request.agency, request.requester, request.role, %(agreement)s::text, %(purpose)s::text,
    request.person, request.case_reference, request.justification, request.at
from committed join request on request.id = committed.id
where %(first)s::boolean and committed.kind = 'disclosure'
returning 1

-- name: told
-- Of which rows; of those that are there when somebody subscribes they need not be.
insert into gate.told (subscription, record_id, received_at)
select distinct %(subscription)s::uuid, fresh.record_id, fresh.received_at
from fresh
where exists (select 1 from committed where committed.kind = 'disclosure')

-- name: noticed
-- The notice: types of record, and of how many rows of each it tells.
insert into gate.notice (id, subscription, at, version, clauses, records, counts)
select committed.id, %(subscription)s::uuid, request.at, %(version)s::int, by.clauses, of.records, of.counts
from committed join request on request.id = committed.id
cross join (
    select cast(array_agg(distinct fresh.clause order by fresh.clause) as smallint[]) as clauses from fresh
) as by
cross join (
    select array_agg(counted.record order by counted.record) as records, array_agg(counted.count order by counted.record) as counts
    from (
        select fresh.record, cast(count(distinct fresh.record_id) as int) as count from fresh group by fresh.record
    ) as counted
) as of
where not %(first)s::boolean

-- name: answer
-- No row if the agreement has changed since it was judged; a row without a kind if nothing is new.
select committed.kind,
       committed.rows / cast((select count(*) from logged) = (select count(*) from committed) as int)
           / cast((select count(*) from queued) = (select count(*) from committed) as int) as rows,
       committed.reason
from unchanged left join committed on true

-- name: subscription
-- One subscription that is not over.
select s.id, s.agency, s.requester, s.role, s.agreement, s.purpose, s.person, s.case_reference, s.justification, s.since
from gate.subscription s
where s.id = %(id)s and not exists (select from gate.subscription_end over where over.subscription = s.id)

-- name: live_of
-- The subscription of one colleague to one person that is not over.
select s.id from gate.subscription s
where s.agency = %(agency)s and s.requester = %(requester)s and s.agreement = %(agreement)s and s.person = %(person)s
  and not exists (select from gate.subscription_end over where over.subscription = s.id)
order by s.since desc
limit 1

-- name: all_live
-- Every subscription that is not over.
select s.id from gate.subscription s
where not exists (select from gate.subscription_end over where over.subscription = s.id)
order by s.since

-- name: end
-- End a subscription, if it is that colleague's and not over yet.
insert into gate.subscription_end (subscription, at, reason)
select s.id, %(at)s, %(reason)s from gate.subscription s
where s.id = %(id)s and s.agency = %(agency)s and s.requester = %(requester)s
on conflict (subscription) do nothing

-- name: subscriptions_of
-- What one colleague is or was subscribed to, newest first.
select s.id, s.agreement, s.person, s.case_reference, s.since, over.at, over.reason
from gate.subscription s left join gate.subscription_end over on over.subscription = s.id
where s.agency = %(agency)s and s.requester = %(requester)s
order by s.since desc, s.id
limit %(limit)s

-- name: notices_of
-- What one colleague was told, newest first; before one number, if that is given.
select n.id, n.number, n.at, s.id, s.agreement, n.version, s.person, s.case_reference, n.clauses, n.records, n.counts
from gate.subscription s join gate.notice n on n.subscription = s.id
where s.agency = %(agency)s and s.requester = %(requester)s and (%(before)s::bigint is null or n.number < %(before)s)
order by n.number desc
limit %(limit)s

-- name: providers
-- The agencies whose records may bring news: the parties to every agreement that somebody is subscribed under.
select distinct unnest(a.parties)
from gate.subscription s join agreements.agreement a on a.name = s.agreement
where not exists (select from gate.subscription_end over where over.subscription = s.id)

-- name: settings
-- For this transaction alone: the agencies among whose records news is looked for.
select set_config('comity.providers', %(providers)s, true)

-- name: of_people
-- The subscriptions to these people, under whichever of their ids.
with recursive ever (person) as (
    select unnest(%(people)s::uuid[])
    union
    select merged.person from ever join people.person merged on merged.redirect_to = ever.person
)
select distinct s.id from ever join gate.subscription s on s.person = ever.person
where not exists (select from gate.subscription_end over where over.subscription = s.id)
