-- Reviews: what the gate writes of each use that somebody has to look at afterwards, and what reviewers read and find.
-- What is overdue is told by the database's own clock: no process has to be there to notice it.

-- name: due
-- The review that falls due, in the statement that discloses; of a refusal too, if the agreement says so, which never suspends.
insert into gate.review (disclosure, agreement, version, at, due_at, roles, agencies, notice, suspends, clauses, counts)
select committed.id, %(agreement)s::text, %(version)s::int, now(), now() + %(review_within)s::interval,
    %(review_roles)s::text[], %(review_agencies)s::text[], %(review_notice)s::boolean,
    %(review_suspends)s::boolean and committed.kind = 'disclosure', counted.clauses, counted.counts
from committed
cross join lateral (
    select coalesce(array_agg(cast(of_clause.clause as smallint) order by of_clause.clause), cast('{}' as smallint[])) as clauses,
        coalesce(array_agg(of_clause.count order by of_clause.clause), cast('{}' as int[])) as counts
    from (
        select leaving.clause, cast(count(*) as int) as count from leaving where leaving.id = committed.id group by leaving.clause
    ) as of_clause
) as counted
where committed.kind = 'disclosure' or %(review_refusals)s::boolean

-- name: due_of_made
-- The review of what was made beforehand, an extract or a statistic, in the statement that writes its line and its entry.
insert into gate.review (disclosure, agreement, version, at, due_at, roles, agencies, notice, suspends, clauses, counts)
select %(id)s, %(agreement)s, %(version)s, now(), now() + %(review_within)s, %(review_roles)s::text[], %(review_agencies)s::text[],
    %(review_notice)s, %(review_suspends)s, %(clauses)s::smallint[], %(counts)s::int[]
from unchanged

-- name: due_of_refusal
-- The review of a refusal that was decided before any record was looked for, in the transaction of its log line.
insert into gate.review (disclosure, agreement, version, at, due_at, roles, agencies, notice, suspends, clauses, counts)
values (%(id)s, %(agreement)s, %(version)s, now(), now() + %(review_within)s, %(review_roles)s, %(review_agencies)s,
    %(review_notice)s, false, '{}', '{}')

-- name: unchanged_and_reviewed
-- Whether the agreement is as it was when it was judged, and no review of a disclosure under it, in any version, is overdue.
select 1 as it from now_marked
where now_marked.mark = %(mark)s::text and not exists (
    select 1 from gate.review_open as late
    where late.agreement = %(agreement)s::text and late.suspends and late.due_at < now()
)

-- name: overdue_of
-- How many reviews of disclosures under an agreement, in any version, are overdue.
select count(*) from gate.review_open late
where late.agreement = %(agreement)s and late.suspends and late.due_at < now()

-- name: suspended
-- The agreements under which the review of a disclosure is overdue that suspends.
select distinct late.agreement from gate.review_open late where late.suspends and late.due_at < now()

-- name: waiting
-- Every review that is open, most overdue first: of what, by when and at which agencies; about nobody.
select r.disclosure, r.agreement, r.version, r.at, r.due_at, r.due_at < now(), r.notice, r.suspends, r.agencies, d.agency, d.kind, d.rows
from gate.review_open o join gate.review r using (disclosure) join gate.disclosure d on d.id = r.disclosure
order by r.due_at, r.disclosure

-- name: tally
-- What is to be told to one visitor: reviews that are theirs to do, of which at once; overdue ones that are theirs, or that
-- are others' at a party of their own agreements, if they oversee; and requests of their own of which more is asked.
select count(*) filter (where mine and (r.notice or late)),
       count(*) filter (where mine and late),
       count(*) filter (where late and not mine and %(oversees)s and %(agency)s = any(a.parties)),
       count(*) filter (where d.agency = %(agency)s and d.requester = %(by)s and last.outcome = 'needs-more')
from gate.review_open o
join gate.review r using (disclosure)
join gate.disclosure d on d.id = r.disclosure
join agreements.agreement a on a.name = r.agreement and a.version = r.version
cross join lateral (
    select %(role)s = any(r.roles) and %(agency)s = any(r.agencies) and d.requester <> %(by)s as mine, r.due_at < now() as late
) as so
left join lateral (
    select it.outcome from gate.review_act it where it.review = r.disclosure order by it.number desc limit 1
) as last on true

-- name: open_for
-- The open reviews that one reviewer may see, most overdue first: those of their role and agency, and those of requests of
-- their own of which more is asked. One alone, if its id is given.
select r.disclosure, r.agreement, r.version, r.at, r.due_at, r.due_at < now(), r.notice, r.suspends, r.agencies, d.agency, d.kind,
       d.rows, d.act, d.requester, d.role, d.purpose, d.case_reference, d.justification, d.criteria, d.reason, r.clauses, r.counts,
       told.fields
from gate.review_open o
join gate.review r using (disclosure)
join gate.disclosure d on d.id = r.disclosure
left join gate.statistic told on told.disclosure = r.disclosure
left join lateral (
    select it.outcome from gate.review_act it where it.review = r.disclosure order by it.number desc limit 1
) as last on true
where (%(review)s::uuid is null or r.disclosure = %(review)s)
  and (%(role)s = any(r.roles) and %(agency)s = any(r.agencies)
       or d.agency = %(agency)s and d.requester = %(by)s and last.outcome = 'needs-more')
order by r.due_at, r.disclosure
limit %(limit)s

-- name: overseen
-- The overdue reviews that are others' to do, at a party of the overseer's own agreements.
select r.disclosure, r.agreement, r.version, r.at, r.due_at, true, r.notice, r.suspends, r.agencies, d.agency, d.kind, d.rows
from gate.review_open o
join gate.review r using (disclosure)
join gate.disclosure d on d.id = r.disclosure
join agreements.agreement a on a.name = r.agreement and a.version = r.version
where r.due_at < now() and %(agency)s = any(a.parties)
  and not (%(role)s = any(r.roles) and %(agency)s = any(r.agencies) and d.requester <> %(by)s)
order by r.due_at, r.disclosure
limit %(limit)s

-- name: closed_for
-- The reviews of one role and agency that were closed last.
select r.disclosure, r.agreement, r.version, r.at, d.agency, done.outcome, done.agency, done.by, done.role, done.at, done.reason
from gate.review_act done
join gate.review r on r.disclosure = done.review
join gate.disclosure d on d.id = r.disclosure
where done.outcome in ('justified', 'not-justified') and %(role)s = any(r.roles) and %(agency)s = any(r.agencies)
order by done.number desc
limit %(limit)s

-- name: acts_of
-- What was found of these reviews so far, in the order in which it was.
select review, outcome, agency, by, role, at, reason from gate.review_act where review = any(%(ids)s) order by number

-- name: reviews_of
-- By when these lines of the log have to be looked at, and whether that is overdue.
select r.disclosure, r.due_at, r.due_at < now() from gate.review r where r.disclosure = any(%(ids)s)

-- name: unjustified
-- Which of these disclosures were found not justified, when, and by which agency.
select review, at, agency from gate.review_act where review = any(%(ids)s) and outcome = 'not-justified'

-- name: lock
-- One act upon a review at a time, until the transaction ends.
select pg_advisory_xact_lock(hashtextextended(%(review)s::text, 0))

-- name: held
-- A review as it stands: who asked, whether it is this reviewer's to do, and what was found last.
select r.agreement, r.version, d.agency, d.requester, %(role)s = any(r.roles) and %(agency)s = any(r.agencies),
       coalesce((select it.outcome from gate.review_act it where it.review = r.disclosure order by it.number desc limit 1), '')
from gate.review r join gate.disclosure d on d.id = r.disclosure
where r.disclosure = %(review)s

-- name: act
-- One more act upon a review, with its entry in the ledger.
with acted as (
    insert into gate.review_act (review, outcome, agency, by, role, at, reason, entry, salt)
    values (%(review)s, %(outcome)s, %(agency)s, %(by)s, %(role)s, %(at)s, %(reason)s, %(entry)s, %(salt)s)
)
insert into ledger.outbox (id, body) values (%(entry)s, %(body)s)
