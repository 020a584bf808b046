-- The statements of the gate, and the parts of a disclosure that do not depend on the agreement. One statement reads,
-- minimises, digests, and writes the log and the ledger's entry: nothing is released without them, by construction.

-- name: settings
-- For this transaction alone: the agencies whose records the gate may see, and one plan for every subject.
select set_config('comity.providers', %(providers)s, true), set_config('plan_cache_mode', 'force_generic_plan', true),
       set_config('jit', 'off', true)

-- name: leaving_of_read
-- What leaves with each request: what leaves on the account of the person whom it is about, and of nobody else.
select sought.id, released.clause, released.record_id, released.source_person, released.line
from sought join released on released.account = sought.person

-- name: leaving_of_all
-- What leaves with the request: all that is released.
select request.id, released.clause, released.record_id, released.source_person, released.line from request cross join released

-- name: answered
-- What leaves with each request, as one text: a line for each row, in an order that the same rows always have.
select request.id, cast(count(leaving.record_id) as int) as rows,
       coalesce(string_agg(leaving.line, e'\n' order by leaving.clause, leaving.record_id), '') as body
from request left join leaving on leaving.id = request.id
group by request.id

-- name: outcome_of_read
-- Released if someone covered was asked for; otherwise refused, with a reason that only the overseer reads.
select answered.id, answered.rows, answered.body, sha256(convert_to(answered.body, 'UTF8')) as digest,
       case when answered.id in (select sought.id from sought join entitled on entitled.person = sought.person) then 'disclosure'
            else 'refusal' end as kind,
       case when answered.id in (select sought.id from sought join entitled on entitled.person = sought.person) then null
            when answered.id in (select sought.id from sought join kin on kin.person = sought.person) then 'not-covered'
            else 'unknown-subject' end as reason
from answered

-- name: outcome_of_read_by_consent
-- The same, where a person who is covered has to be asked first.
select answered.id, answered.rows, answered.body, sha256(convert_to(answered.body, 'UTF8')) as digest,
       case when answered.id in (select sought.id from sought join entitled on entitled.person = sought.person) then 'disclosure'
            else 'refusal' end as kind,
       case when answered.id in (select sought.id from sought join entitled on entitled.person = sought.person) then null
            when answered.id in (select sought.id from sought join covered on covered.person = sought.person) then 'no-consent'
            when answered.id in (select sought.id from sought join kin on kin.person = sought.person) then 'not-covered'
            else 'unknown-subject' end as reason
from answered

-- name: outcome_of_search
-- A search that finds nothing has still looked.
select answered.id, answered.rows, answered.body, sha256(convert_to(answered.body, 'UTF8')) as digest, 'disclosure' as kind,
       cast(null as text) as reason
from answered

-- name: committed
-- The commitment that each ledger's entry makes: to the question and to what left. No row if the agreement has changed.
select outcome.id, outcome.rows, outcome.body, outcome.digest, outcome.kind, outcome.reason,
       sha256(request.salt || request.asked || outcome.digest) as commitment
from outcome join request on request.id = outcome.id
where exists (select 1 from unchanged)

-- name: logged
-- The line of each in the gate's own log.
insert into gate.disclosure (id, at, kind, act, agreement, version, purpose, agency, requester, role, case_reference,
    justification, criteria, person, rows, digest, asked, salt, reason)
select committed.id, request.at, committed.kind, %(act)s::text, %(agreement)s::text, %(version)s::int,
    %(purpose)s::text, request.agency, request.requester, request.role, request.case_reference,
    request.justification, %(criteria)s::text[], request.person, committed.rows, committed.digest, request.asked,
    request.salt, committed.reason
from committed join request on request.id = committed.id
returning 1

-- name: concerned
-- Whom the rows that left are about, and by which clauses: what "who used my data" is read from.
insert into gate.disclosure_subject (disclosure, source_person, clauses)
select leaving.id, leaving.source_person, cast(array_agg(distinct leaving.clause order by leaving.clause) as smallint[])
from leaving where leaving.source_person is not null and exists (select 1 from unchanged)
group by leaving.id, leaving.source_person

-- name: queued
-- The ledger's entries, whose bytes were made outside but for the commitment.
insert into ledger.outbox (id, body)
select committed.id, convert_to(case when committed.kind = 'disclosure'
    then request.entry_of_disclosure || encode(committed.commitment, 'hex') || request.rest_of_disclosure
    else request.entry_of_refusal || encode(committed.commitment, 'hex') || request.rest_of_refusal end, 'UTF8')
from committed join request on request.id = committed.id
returning 1

-- name: answer
-- What goes back to the gate, for each request: nothing at all if the agreement has changed since it was judged. Divided by
-- whether the log and the outbox took as many lines as there are requests: where one that was written is not there, whatever
-- swallowed it, the statement fails.
select committed.id, committed.kind,
       committed.rows / cast((select count(*) from logged) = (select count(*) from committed) as int)
           / cast((select count(*) from queued) = (select count(*) from committed) as int) as rows,
       committed.body, committed.digest, committed.reason
from committed

-- name: trial
-- What an explanation asks: what would become of the request, and which rows would leave by which clause; no value.
select outcome.kind, outcome.reason, outcome.digest,
       (select json_agg(json_build_array(leaving.clause, leaving.record_id)) from leaving) as leaves
from outcome

-- name: keys
-- The wrapped data keys of whom the rows of a request are about, to open what left sealed.
select json_agg(json_build_array(wrapped.source_person, wrapped.agency, wrapped.epoch, encode(wrapped.wrapped, 'hex')))
from record.subject_key as wrapped
where wrapped.agency = any(%(providers)s::text[]) and wrapped.source_person in (
    select leaving.source_person from leaving where leaving.id = committed.id
)

-- name: log_refusal
-- A refusal that was decided before any record was looked for, with its entry.
with logged as (
    insert into gate.disclosure (id, at, kind, act, agreement, version, purpose, agency, requester, role, case_reference,
        justification, criteria, person, rows, digest, asked, salt, reason)
    values (%(id)s, %(at)s, 'refusal', %(act)s, %(agreement)s, %(version)s, %(purpose)s, %(agency)s, %(requester)s, %(role)s,
        %(case_reference)s, %(justification)s, %(criteria)s, %(person)s, 0, %(digest)s, %(asked)s, %(salt)s, %(reason)s)
)
insert into ledger.outbox (id, body) values (%(id)s, %(body)s)

-- name: ledger_ages
-- How long the oldest act waits for its number, and the oldest head for its quorum, in seconds; and the limits of both.
select unsequenced, unsequenced_limit, unwitnessed, unwitnessed_limit from ledger.ages()

-- name: agencies
-- The agencies that this node knows.
select agency from agreements.agency order by agency

-- name: uses_of
-- Every disclosure of rows about this person, by any of the agencies that hold somebody linked to them; and every statistic
-- of records of theirs, which has no list of the people it covered.
with recursive line (person) as (
    select %(person)s::uuid
    union
    select moved.redirect_to from people.person moved join line on moved.person = line.person where moved.redirect_to is not null
)
select d.id, d.at, d.agency, d.role, d.purpose, d.agreement, d.version, d.act, s.clauses, cast(null as text[]) as counted
from line
join people.membership m on m.person = line.person
join gate.disclosure_subject s on s.source_person = m.source_person
join gate.disclosure d on d.id = s.disclosure
where d.kind = 'disclosure'
union all
select d.id, d.at, d.agency, d.role, d.purpose, d.agreement, d.version, d.act, array[x.clause], null
from line
join people.membership m on m.person = line.person
join gate.extract_subject x on x.shard = (get_byte(uuid_send(m.source_person), 0) << 4) + (get_byte(uuid_send(m.source_person), 1) >> 4)
    and position(uuid_send(m.source_person) in x.people) %% 16 = 1
join gate.disclosure d on d.id = x.disclosure
where d.kind = 'disclosure'
union all
select d.id, d.at, d.agency, d.role, d.purpose, d.agreement, d.version, d.act, cast('{}' as smallint[]), s.fields
from gate.statistic s
join gate.disclosure d on d.id = s.disclosure
where exists (
    select 1 from line join people.membership m on m.person = line.person where m.agency = any(s.providers)
)
order by 2 desc, 1

-- name: putting_off
-- The signed text of each agreement that keeps uses confidential for a time, of those under which these disclosures were made.
select distinct a.name, a.version, a.canonical from agreements.agreement a
join gate.disclosure d on d.agreement = a.name and d.version = a.version
where d.id = any(%(ids)s) and position('"confidential":{' in convert_from(a.canonical, 'UTF8')) > 0

-- name: agreements_of
-- The text of each agreement under which these disclosures were made.
select distinct a.name, a.version, a.canonical from agreements.agreement a
join gate.disclosure d on d.agreement = a.name and d.version = a.version
where d.id = any(%(ids)s)

-- name: log_consultation
-- That somebody read who used a person's data, with its entry.
with logged as (
    insert into gate.consultation (id, at, what, person, by, digest, salt)
    values (%(id)s, %(at)s, %(what)s, %(person)s, %(by)s, %(digest)s, %(salt)s)
)
insert into ledger.outbox (id, body) values (%(id)s, %(body)s)

-- name: log_of_agency
-- The requests of one agency, latest first, refusals and all; those after one line of its own, if that is given.
with last as (select at from gate.disclosure where id = %(before)s::uuid and agency = %(agency)s)
select id, at, kind, act, agreement, version, purpose, agency, requester, role, case_reference, justification, person, rows, reason
from gate.disclosure
where agency = %(agency)s and (%(before)s::uuid is null
    or at <= (select at from last) and (at < (select at from last) or id > %(before)s::uuid))
order by at desc, id
limit %(limit)s

-- name: snapshot_settings
-- The agencies whose rows are copied, in this transaction alone; and the moment of which everything is.
select now() as at, set_config('comity.providers', %(providers)s, true), set_config('datestyle', 'ISO', true)

-- name: own_and_unasked
-- Whether a refusal was for want of consent alone, about somebody of whom the asking agency itself holds a record.
with recursive line (person) as (
    select person from gate.disclosure where id = %(id)s and kind = 'refusal' and reason = %(no_consent)s
    union
    select moved.redirect_to from people.person moved join line on moved.person = line.person where moved.redirect_to is not null
)
select exists (select from line join people.membership m on m.person = line.person where m.agency = %(agency)s)

-- name: was_reached
-- Whether somebody was lately shown this person's record under this agreement, or refused it for want of consent alone
-- about somebody of whom their own agency holds a record.
with recursive line (person) as (
    select %(person)s::uuid
    union
    select moved.redirect_to from people.person moved join line on moved.person = line.person where moved.redirect_to is not null
)
select exists (
    select from gate.disclosure
    where person = %(person)s::uuid and act = 'read' and agency = %(agency)s and requester = %(requester)s
        and role = %(role)s and agreement = %(agreement)s and at >= %(since)s
        and (kind = 'disclosure' or reason = %(no_consent)s and exists (
            select from line join people.membership m on m.person = line.person where m.agency = %(agency)s
        ))
)

-- name: answers_of
-- What somebody answered who was asked for consent, under each id that they ever had, latest first.
with recursive line (person) as (
    select %(person)s::uuid
    union
    select moved.redirect_to from people.person moved join line on moved.person = line.person where moved.redirect_to is not null
), ever (known_as) as (
    select person from line
    union
    select merged.person from ever join people.person merged on merged.redirect_to = ever.known_as
)
select asked.name, asked.answer, asked.agency, asked.by, asked.at, asked.reason, asked.entry
from ever join agreements.consent asked on asked.person = ever.known_as
where %(agreements)s::text[] is null or asked.name = any(%(agreements)s::text[])
order by asked.number desc
