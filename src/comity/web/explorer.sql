-- name: index_lines
-- Read the next lines of the ledger into the index; none, while somebody else does.
with held as materialized (
    select pg_try_advisory_xact_lock(hashtextextended('comity-ledger-index', 0)) as mine
), next as materialized (
    select e.number, convert_from(e.body, 'UTF8')::json as said
    from ledger.entry e
    where (select mine from held) and e.number > (select coalesce(max(number), -1) from web.ledger_line)
    order by e.number limit %(most)s
)
insert into web.ledger_line (number, at, kind, act, agency, purpose, agreement)
select number, (said ->> 'at')::timestamptz, said ->> 'kind', coalesce(said -> 'context' ->> 'act', ''),
    coalesce(said -> 'context' ->> 'agency', ''), coalesce(said -> 'context' ->> 'purpose', ''),
    split_part(coalesce(said -> 'context' ->> 'agreement', ''), '@', 1)
from next
on conflict do nothing

-- name: forget_lines
-- Empty the index, whose numbers are those of a ledger that has ended; it is read in anew.
truncate web.ledger_line

-- name: indexed
-- How many lines can be searched.
select coalesce(max(number), -1) + 1 from web.ledger_line

-- name: lines
-- The lines that are looked for, latest first, as the ledger has them.
select e.number, e.body
from (
    select number from web.ledger_line
    where number < %(before)s
        and (%(kind)s::text is null or kind = %(kind)s) and (%(act)s::text is null or act = %(act)s)
        and (%(agency)s::text is null or agency = %(agency)s) and (%(purpose)s::text is null or purpose = %(purpose)s)
        and (%(agreement)s::text is null or agreement = %(agreement)s)
        and (%(since)s::timestamptz is null or at >= %(since)s) and (%(until)s::timestamptz is null or at < %(until)s)
    order by number desc limit %(limit)s
) found
join ledger.entry e on e.number = found.number
order by e.number desc

-- name: counts
-- How many lines that are looked for are of each operation, among the latest so many of them.
select kind, count(*) from (
    select kind from web.ledger_line
    where (%(kind)s::text is null or kind = %(kind)s) and (%(act)s::text is null or act = %(act)s)
        and (%(agency)s::text is null or agency = %(agency)s) and (%(purpose)s::text is null or purpose = %(purpose)s)
        and (%(agreement)s::text is null or agreement = %(agreement)s)
        and (%(since)s::timestamptz is null or at >= %(since)s) and (%(until)s::timestamptz is null or at < %(until)s)
    order by number desc limit %(most)s
) found
group by kind order by 2 desc, kind

-- name: checkpoints
-- The signed heads of sizes below one, largest first, with the cosignatures that came since, of each key the latest.
select size, signed_at, note || coalesce((
    select string_agg(line, '' order by witness, key_id) from (
        select distinct on (witness, key_id) witness, key_id, line from ledger.cosignature as it
        where it.size = head.size order by witness, key_id, received_at desc
    ) as latest
), '')
from ledger.checkpoint as head where size < %(before)s order by size desc limit %(limit)s
