-- name: requests
-- What the staff of an agency was shown in a period, and what left under an agreement by which it provides; of every agency,
-- if none is named. Those who are no staff of it are not named to it, nor is what they typed.
select d.id, d.at, d.act, d.agency as recipient, d.role, d.purpose, d.agreement, d.version, d.rows,
    case when %(agency)s::text is null or d.agency = %(agency)s then d.requester else '' end as requester,
    case when %(agency)s::text is null or d.agency = %(agency)s then d.case_reference else '' end as case_reference,
    case when %(agency)s::text is null or d.agency = %(agency)s then d.justification else '' end as justification,
    said.it -> 'between' -> 'providers' as providers, said.it ->> 'jurisdiction' as jurisdiction
from gate.disclosure d
join agreements.agreement a on a.name = d.agreement and a.version = d.version
cross join lateral (select convert_from(a.canonical, 'UTF8')::json as it) as said
where d.kind = 'disclosure' and d.at >= %(since)s and d.at < %(until)s
    and (%(agency)s::text is null or d.agency = %(agency)s
        or exists (select from json_array_elements_text(said.it -> 'between' -> 'providers') as each (name) where name = %(agency)s))
order by d.at, d.id
limit %(limit)s

-- name: readings
-- Who read the log itself in a period, of these people; of everybody, if none are named.
select id, at, what, by from gate.consultation
where at >= %(since)s and at < %(until)s and (%(people)s::text[] is null or by = any(%(people)s::text[]))
order by at, id
limit %(limit)s

-- name: others
-- The lines of the other operations in a period, of this ledger and of those before it. An entry begins with its time and ends with its kind, so that its
-- bytes need no reading to be passed over.
select kept.number, said.it ->> 'id', (said.it ->> 'at')::timestamptz, said.it ->> 'kind', said.it -> 'context' ->> 'agency'
from ledger.every_entry kept
cross join lateral (select convert_from(kept.body, 'UTF8')::json as it) as said
where substring(kept.body from 8 for 26) >= convert_to(%(since_text)s, 'UTF8')
    and substring(kept.body from 8 for 26) < convert_to(%(until_text)s, 'UTF8')
    and said.it ->> 'kind' = any(%(kinds)s::text[])
    and (%(agency)s::text is null or said.it -> 'context' ->> 'agency' = %(agency)s)
order by kept.ledger nulls last, kept.number
limit %(limit)s
