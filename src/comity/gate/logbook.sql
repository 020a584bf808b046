-- name: entries
-- What was shown to the staff of an agency, or left under an agreement by which it provides, latest first.
select d.id, d.at, d.act, d.agreement, d.version, d.person, d.agency
from gate.disclosure d
join agreements.agreement a on a.name = d.agreement and a.version = d.version
cross join lateral (select convert_from(a.canonical, 'UTF8')::json as it) as said
where d.kind = 'disclosure'
    and (d.agency = %(agency)s
        or exists (select from json_array_elements_text(said.it -> 'between' -> 'providers') as each (name) where name = %(agency)s))
    and (%(trace)s::uuid is null or d.id = %(trace)s)
    and (%(agreement)s::text is null or d.agreement = %(agreement)s and d.version = %(version)s)
    and (%(persons)s::uuid[] is null or d.person = any(%(persons)s::uuid[]))
    and (%(since)s::timestamptz is null or d.at >= %(since)s) and (%(until)s::timestamptz is null or d.at <= %(until)s)
order by d.at desc, d.id
limit %(limit)s

-- name: persons
-- Whoever was asked for by name of their id, in all that is logged.
select distinct person from gate.disclosure where kind = 'disclosure' and person is not null
