-- Partings: what was disclosed while a link stood that is no more, and who was told so.

-- name: settle
-- Partings by a model or a source on which nothing rested: nobody is told of these.
with open as (
    select p.parting, p.cause, p.source_person, p.since, p.parted_at from people.parted as p
    where p.judgement is null and not exists (select from gate.parting as told where told.parting = p.parting)
), rested as (
    select open.parting
    from open join gate.disclosure_subject as s on s.source_person = open.source_person
    join gate.disclosure as d on d.id = s.disclosure
    where d.kind = 'disclosure' and d.at >= open.since and d.at <= open.parted_at + %(late)s
    union
    select open.parting
    from open
    join gate.extract_subject as x on x.shard = (get_byte(uuid_send(open.source_person), 0) << 4) + (get_byte(uuid_send(open.source_person), 1) >> 4)
        and position(uuid_send(open.source_person) in x.people) %% 16 = 1
    join gate.disclosure as d on d.id = x.disclosure
    where d.kind = 'disclosure' and d.at >= open.since and d.at <= open.parted_at + %(late)s
)
insert into gate.parting (parting, at, cause)
select distinct open.parting, %(at)s::timestamptz, open.cause from open
where open.parting not in (select rested.parting from rested)
on conflict (parting) do nothing

-- name: due
-- The partings that nobody was told of yet, the earliest first. Whom a source's next word, or another model, has put
-- together again before anybody was told, are one, as they were said to be: nobody need hear of it.
select parted.parting, parted.cause, parted.judgement from people.parted as parted
left join people.membership as held on held.source_person = parted.source_person
where not exists (select from gate.parting as told where told.parting = parted.parting)
group by parted.parting, parted.cause, parted.judgement
having parted.judgement is not null or count(distinct coalesce(held.person, parted.source_person)) > 1
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
    insert into gate.parting (parting, id, at, cause, judgement, digest, salt)
    values (%(parting)s, %(id)s, %(at)s, %(cause)s, %(judgement)s, %(digest)s, %(salt)s)
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
-- Whom a decision, or its undoing, or a parting without one, had told, the latest disclosure first.
select use.disclosure, d.at, d.act, d.agency, d.requester, d.role, d.agreement, d.version, use.joined, told.at
from gate.parting as told
join gate.parted_use as use on use.parting = told.parting
join gate.disclosure as d on d.id = use.disclosure
where told.judgement = %(of)s or told.parting = %(of)s
order by d.at desc, d.id, told.at

-- name: lately
-- What came apart without a decision, and how many disclosures whoever made them was told of, the latest first.
select told.parting, told.cause, told.at, (select count(*) from gate.parted_use as use where use.parting = told.parting)
from gate.parting as told
where told.cause <> 'decision' and told.id is not null
order by told.at desc, told.parting
limit %(limit)s

-- name: told_to
-- What one colleague was told, newest first; before one number, if that is given.
select use.number, told.at, use.disclosure, d.at, d.act, d.agreement, d.version, d.person, d.case_reference, use.joined
from gate.disclosure as d
join gate.parted_use as use on use.disclosure = d.id
join gate.parting as told on told.parting = use.parting
where d.agency = %(agency)s and d.requester = %(requester)s and (%(before)s::bigint is null or use.number < %(before)s)
order by use.number desc
limit %(limit)s
