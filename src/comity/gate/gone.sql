-- What was erased or is no longer so, who had received it, and what they say they did about it.

-- name: settle
-- Changes of which nobody had received anything; of a correction also, of whom everybody was told of one already.
with fresh as (
    select g.change, g.kind, g.source_person, g.at from intake.gone as g
    where g.at > coalesce((select max(changed_at) from gate.change), '-infinity'::timestamptz) - %(back)s
        and not exists (select from gate.change as c where c.change = g.change)
), received as (
    select fresh.change
    from fresh join gate.disclosure_subject as s on s.source_person = fresh.source_person
    join gate.disclosure as d on d.id = s.disclosure
    where d.kind = 'disclosure' and d.at <= fresh.at + %(late)s
        and (fresh.kind not in ('rectified', 'withdrawn') or not exists (
            select from gate.change_told as t join gate.change as c using (change)
            where t.disclosure = d.id and c.kind in ('rectified', 'withdrawn')))
    union
    select fresh.change
    from fresh
    join gate.extract_subject as x on x.shard = (get_byte(uuid_send(fresh.source_person), 0) << 4) + (get_byte(uuid_send(fresh.source_person), 1) >> 4)
        and position(uuid_send(fresh.source_person) in x.people) %% 16 = 1
    join gate.disclosure as d on d.id = x.disclosure
    where d.kind = 'disclosure' and d.at <= fresh.at + %(late)s
        and (fresh.kind not in ('rectified', 'withdrawn') or not exists (
            select from gate.change_told as t join gate.change as c using (change)
            where t.disclosure = d.id and c.kind in ('rectified', 'withdrawn')))
)
insert into gate.change (change, at, changed_at, kind)
select fresh.change, %(at)s::timestamptz, min(fresh.at), fresh.kind from fresh
where fresh.change not in (select received.change from received)
group by fresh.change, fresh.kind
on conflict (change) do nothing

-- name: due
-- The changes that nobody was told of yet, the earliest first.
select g.change, g.kind, min(g.at) from intake.gone as g
where g.at > coalesce((select max(changed_at) from gate.change), '-infinity'::timestamptz) - %(back)s
    and not exists (select from gate.change as c where c.change = g.change)
group by g.change, g.kind order by min(g.at), g.change

-- name: received
-- What was disclosed of these people before it changed, and whether its agreement asks for a receipt.
with concerned as (
    select s.disclosure, g.agency, g.at, g.kind
    from intake.gone as g join gate.disclosure_subject as s on s.source_person = g.source_person
    where g.change = %(change)s
    union all
    select x.disclosure, g.agency, g.at, g.kind
    from intake.gone as g
    join gate.extract_subject as x on x.shard = (get_byte(uuid_send(g.source_person), 0) << 4) + (get_byte(uuid_send(g.source_person), 1) >> 4)
        and position(uuid_send(g.source_person) in x.people) %% 16 = 1
    where g.change = %(change)s
)
select d.id, bool_or(d.agency <> concerned.agency and coalesce(
    (select convert_from(a.canonical, 'UTF8')::jsonb -> 'retention' ->> 'receipt' = 'required'
     from agreements.agreement as a where a.name = d.agreement and a.version = d.version), false))
from concerned join gate.disclosure as d on d.id = concerned.disclosure
where d.kind = 'disclosure' and d.at <= concerned.at + %(late)s
    and (concerned.kind not in ('rectified', 'withdrawn') or not exists (
        select from gate.change_told as t join gate.change as c using (change)
        where t.disclosure = d.id and c.kind in ('rectified', 'withdrawn')))
group by d.id
order by d.id

-- name: begin
-- That a change is told of, with its entry; no row if another told of it a moment ago.
with told as (
    insert into gate.change (change, id, at, changed_at, kind, digest, salt)
    values (%(change)s, %(id)s, %(at)s, %(changed_at)s, %(kind)s, %(digest)s, %(salt)s)
    on conflict (change) do nothing
    returning id
), queued as (
    insert into ledger.outbox (id, body) select told.id, %(body)s from told
)
select id from told

-- name: tell
-- The disclosures that whoever made them is told of.
insert into gate.change_told (told, change, disclosure, due_on)
select gen_random_uuid(), %(change)s, given.disclosure, case when given.asked then %(due_on)s::date end
from unnest(%(ids)s::uuid[], %(asked)s::boolean[]) as given (disclosure, asked)

-- name: forget_pseudonyms
-- Pseudonyms of persons of whom nothing is held any more.
delete from gate.pseudonym as p where not exists (select from people.membership as m where m.person = p.person)

-- name: extracts_about
-- Extracts that wait to be collected, or are being made, of whom somebody is gone since.
select o.id from gate.extract_order as o
where o.state = 'making'
    or o.state = 'made' and exists (
        select from intake.gone as g
        join gate.extract_subject as x on x.disclosure = o.id
            and x.shard = (get_byte(uuid_send(g.source_person), 0) << 4) + (get_byte(uuid_send(g.source_person), 1) >> 4)
            and position(uuid_send(g.source_person) in x.people) %% 16 = 1
        where g.change = any(%(changes)s) and g.kind in ('erased', 'expunged', 'restricted'))

-- name: told_to
-- What somebody was told, or everybody of an agency where nobody is named, newest first.
select t.told, t.number, c.kind, c.at, t.disclosure, d.at, d.act, d.agency, d.requester, d.agreement, d.version, d.case_reference, t.due_on,
    r.at, r.did
from gate.change_told as t
join gate.change as c using (change)
join gate.disclosure as d on d.id = t.disclosure
left join gate.change_receipt as r using (told)
where d.agency = %(agency)s and (%(requester)s::text is null or d.requester = %(requester)s)
    and (%(open)s::boolean is false or r.told is null and t.due_on is not null)
order by t.number desc limit %(limit)s

-- name: overdue
-- Receipts that are asked for and are not there, the longest overdue first: which agency, under which agreement, nobody.
select t.told, c.kind, c.at, d.agency, d.agreement, d.version, t.due_on
from gate.change_told as t
join gate.change as c using (change)
join gate.disclosure as d on d.id = t.disclosure
where t.due_on is not null and not exists (select from gate.change_receipt as r where r.told = t.told)
order by t.due_on, t.number limit %(limit)s

-- name: give_receipt
-- What the recipient says it did, with its entry; no row if it is not theirs, or was said before.
with said as (
    insert into gate.change_receipt (told, at, did, agency, by, role, entry, salt)
    select t.told, %(at)s, %(did)s, %(agency)s, %(by)s, %(role)s, %(entry)s, %(salt)s
    from gate.change_told as t join gate.disclosure as d on d.id = t.disclosure
    where t.told = %(told)s and d.agency = %(agency)s and (%(any)s or d.requester = %(by)s)
    on conflict (told) do nothing
    returning entry
), queued as (
    insert into ledger.outbox (id, body) select said.entry, %(body)s from said
)
select entry from said
