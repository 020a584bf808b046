-- The statements of statistics: what is counted of the rows that leave, exactly, for this process alone; and the budget.

-- name: cells
-- The exact numbers of each cell. Of each person at most so many rows count, or so many cells of a count of people, in an
-- order that nobody chooses. They leave this process only with noise.
select counted.d0, counted.d1, counted.d2, cast(count(*) as bigint) as rows, cast(coalesce(sum(counted.added), 0) as bigint) as added
from (
    select unit.d0, unit.d1, unit.d2, unit.added,
           row_number() over (partition by unit.account order by md5(unit.name || %(order)s::text), unit.name) as place
    from (
        select distinct own.account,
               case when %(persons)s::boolean then concat_ws(chr(31), cell.d0, cell.d1, cell.d2) else cast(own.record_id as text) end as name,
               cell.d0, cell.d1, cell.d2,
               case when %(persons)s::boolean then 0 else least(greatest(own.quantity, %(low)s::bigint), %(high)s::bigint) - %(middle)s::bigint end as added
        from (
            select distinct released.account, released.record_id, released.d0, released.d1, released.d2, released.fits, released.quantity
            from released
            left join member on member.account = released.account and member.source_person = released.source_person
            where released.clause = any(%(counted)s::int[]) and released.counts
              and (member.account is not null or released.source_person is null)
        ) as own
        left join (
            select described.account, described.d0, described.d1, described.d2, described.fits
            from (
                select released.account, released.d0, released.d1, released.d2, released.fits,
                       row_number() over (partition by released.account order by released.known desc, md5(cast(released.record_id as text) || %(order)s::text), released.record_id) as place
                from released
                join member on member.account = released.account and member.source_person = released.source_person
                where released.clause = any(%(described)s::int[]) and not released.counts
            ) as described
            where described.place = 1
        ) as trait on trait.account = own.account
        cross join lateral (
            select coalesce(own.d0, trait.d0, '') as d0, coalesce(own.d1, trait.d1, '') as d1, coalesce(own.d2, trait.d2, '') as d2
        ) as cell
        where own.fits and coalesce(trait.fits, %(anybody)s::boolean)
          and (own.quantity is not null or not %(adds)s::boolean)
    ) as unit
) as counted
where counted.place <= %(most)s::int
group by counted.d0, counted.d1, counted.d2

-- name: of_many
-- For this transaction alone: everyone is asked about, so joins are made by sorting and hashing, whatever the planner
-- believes of the size of the parts.
select set_config('enable_nestloop', 'off', true), set_config('work_mem', '64MB', true)

-- name: latest_period
-- The latest period of an agreement's budget, held until the transaction ends: whoever else would spend waits.
select starts, ends, epsilon, delta, epsilon_spent, delta_spent from gate.privacy_budget
where agreement = %(agreement)s order by ends desc limit 1 for update

-- name: latest_period_seen
-- The same, looked at alone.
select starts, ends, epsilon, delta, epsilon_spent, delta_spent from gate.privacy_budget
where agreement = %(agreement)s order by ends desc limit 1

-- name: open_period
-- A new period; of two at once, one opens it.
insert into gate.privacy_budget (agreement, starts, ends, epsilon, delta)
values (%(agreement)s, %(starts)s, %(ends)s, %(epsilon)s, %(delta)s) on conflict do nothing

-- name: kept
-- The answer that was given to this very question in this period.
select answer from gate.statistic
where agreement = %(agreement)s and starts = %(starts)s and question = %(question)s
order by at desc, disclosure limit 1

-- name: spend
-- What an answer costs, before it leaves.
update gate.privacy_budget
set epsilon_spent = epsilon_spent + %(epsilon)s::numeric, delta_spent = delta_spent + %(delta)s::numeric
where agreement = %(agreement)s and starts = %(starts)s

-- name: log_statistic
-- The line in the log, what was told, the review if one is due, and the ledger's entry; nothing at all if the agreement has
-- changed.
with now_marked as ({mark}), unchanged as ({unchanged}){due}, logged as (
    insert into gate.disclosure (id, at, kind, act, agreement, version, purpose, agency, requester, role, case_reference,
        justification, criteria, person, rows, digest, asked, salt, reason)
    select %(id)s, %(at)s, 'disclosure', %(act)s, %(agreement)s, %(version)s, %(purpose)s, %(agency)s, %(requester)s,
        %(role)s, %(case_reference)s, %(justification)s, '{{}}', null, %(rows)s, %(digest)s, %(asked)s, %(salt)s, null
    where exists (select 1 from unchanged)
), told as (
    insert into gate.statistic (disclosure, at, agreement, version, starts, question, answer, epsilon, delta, providers, fields)
    select %(id)s, %(at)s, %(agreement)s, %(version)s, %(starts)s, %(question)s, %(answer)s, %(epsilon)s, %(delta)s,
        %(providers)s, %(fields)s
    where exists (select 1 from unchanged)
)
insert into ledger.outbox (id, body) select %(id)s, %(body)s where exists (select 1 from unchanged)
