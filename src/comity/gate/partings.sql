-- Partings: what was disclosed while a link stood that a decision has parted, and who was told so.

-- name: due
-- The partings that nobody was told of yet, the earliest first.
select parted.parting, parted.judgement from people.parted as parted
where not exists (select from gate.parting as told where told.parting = parted.parting)
group by parted.parting, parted.judgement
order by min(parted.parted_at), parted.parting

-- name: rested
-- What was disclosed of any of the parts while they were one, and whether it held records of more than one of them.
with concerned as (
    select s.disclosure, p.is_now, p.since, p.parted_at
    from people.parted as p join gate.disclosure_subject as s on s.source_person = p.source_person
    where p.parting = %(parting)s
    union all
    select x.disclosure, p.is_now, p.since, p.parted_at
    from people.parted as p
    join gate.extract_subject as x on x.shard = (get_byte(uuid_send(p.source_person), 0) << 4) + (get_byte(uuid_send(p.source_person), 1) >> 4)
        and position(uuid_send(p.source_person) in x.people) %% 16 = 1
    where p.parting = %(parting)s
)
select d.id, count(distinct concerned.is_now) > 1
from concerned join gate.disclosure as d on d.id = concerned.disclosure
where d.kind = 'disclosure' and d.at >= concerned.since and d.at <= concerned.parted_at + %(late)s
group by d.id
order by d.id

-- name: begin
-- That a parting is told of, with its entry; no row if another told of it a moment ago.
with told as (
    insert into gate.parting (parting, id, at, judgement, digest, salt)
    values (%(parting)s, %(id)s, %(at)s, %(judgement)s, %(digest)s, %(salt)s)
    on conflict (parting) do nothing
    returning id
), queued as (
    insert into ledger.outbox (id, body) select told.id, %(body)s from told
)
select id from told

-- name: tell
-- The disclosures that whoever made them is told of.
insert into gate.parted_use (parting, disclosure, joined)
select %(parting)s, * from unnest(%(ids)s::uuid[], %(joined)s::boolean[])

-- name: told_of
-- Whom a decision, or its undoing, had told, the latest disclosure first.
select use.disclosure, d.at, d.act, d.agency, d.requester, d.role, d.agreement, d.version, use.joined, told.at
from gate.parting as told
join gate.parted_use as use on use.parting = told.parting
join gate.disclosure as d on d.id = use.disclosure
where told.judgement = %(judgement)s
order by d.at desc, d.id, told.at

-- name: told_to
-- What one colleague was told, newest first; before one number, if that is given.
select use.number, told.at, use.disclosure, d.at, d.act, d.agreement, d.version, d.person, d.case_reference, use.joined
from gate.disclosure as d
join gate.parted_use as use on use.disclosure = d.id
join gate.parting as told on told.parting = use.parting
where d.agency = %(agency)s and d.requester = %(requester)s and (%(before)s::bigint is null or use.number < %(before)s)
order by use.number desc
limit %(limit)s
