-- Parts of the statement that weighs an agreement. Each is taken once for each record type; what it reads from (`seen`,
-- `shown`, ...) is that type's. `mix` says, a bit for each: which clauses of which versions let a row out; which of its
-- fields give something in which form; what the log has shown of it to whom. `bits` say what counts of it. PostgreSQL cannot
-- hash bits, only sort them: where rows are grouped or joined by them, they are text.

-- name: shown
-- Of each source person, what the log has shown to whom: on a page, in a search, or in an extract, whose people are one set.
select each.source_person, bit_or(each.bits) as mix
from (
    select left_to.source_person, told.bits
    from told
    join gate.disclosure as asked
      on asked.kind = 'disclosure' and asked.agency = told.agency and asked.agreement = told.agreement and asked.version = told.version
    join gate.disclosure_subject as left_to on left_to.disclosure = asked.id and told.clause = any(left_to.clauses)
    union all
    select cast(encode(substring(taken.people from place.number * 16 + 1 for 16), 'hex') as uuid) as source_person, told.bits
    from told
    join gate.disclosure as asked
      on asked.kind = 'disclosure' and asked.agency = told.agency and asked.agreement = told.agreement and asked.version = told.version
    join gate.extract_subject as taken on taken.disclosure = asked.id and taken.clause = told.clause
    cross join lateral generate_series(0, length(taken.people) / 16 - 1) as place(number)
) as each
group by each.source_person

-- name: row
-- Each record once, with every clause that lets it out.
select seen.record_id, seen.person, seen.whose, seen.source_person, bit_or(seen.mix) as mix
from seen
group by seen.record_id, seen.person, seen.whose, seen.source_person

-- name: row_shared
-- Each record once, where it is several people's: whom it concerns is looked up apart.
select seen.record_id, seen.whose, seen.source_person, bit_or(seen.mix) as mix
from seen
group by seen.record_id, seen.whose, seen.source_person

-- name: known
-- The same, with what the log has shown of it.
select once.record_id, once.person, once.whose, coalesce(once.mix | shown.mix, once.mix) as mix
from once left join shown on shown.source_person = once.source_person

-- name: known_shared
-- The same of records that are several people's.
select once.record_id, once.whose, coalesce(once.mix | shown.mix, once.mix) as mix
from once left join shown on shown.source_person = once.source_person

-- name: tally
-- How many records of each person are alike.
select known.person, known.whose, cast(known.mix as text) as mix, count(*) as n
from known
group by known.person, known.whose, cast(known.mix as text)

-- name: tally_shared
-- The same of records that are several people's: each stands for itself.
select known.record_id, known.whose, cast(known.mix as text) as mix, 1 as n
from known

-- name: alike
-- The ways in which records are alike: few, so that what counts is worked out for these alone.
select tally.mix from tally group by tally.mix

-- name: weighed
-- What counts of each person's records.
select tally.person, tally.whose, tally.n, said.bits, said.told
from tally join said on said.mix = tally.mix

-- name: weighed_shared
-- What counts of each record.
select tally.record_id, tally.whose, tally.n, said.bits, said.told
from tally join said on said.mix = tally.mix

-- name: concerned
-- What counts of each person, over all of their records.
select weighed.person, weighed.whose, bit_or(weighed.bits) as bits
from weighed where weighed.person is not null
group by weighed.person, weighed.whose

-- name: concerned_shared
-- What counts of each person, over all of the records that concern them.
select near.person, weighed.whose, bit_or(weighed.bits) as bits
from (select distinct seen.record_id, seen.person from seen) as near join weighed on weighed.record_id = near.record_id
where near.person is not null
group by near.person, weighed.whose

-- name: counted
-- How many rows, and how many people, of each kind.
select %(record)s as record, 'rows' as counted, weighed.whose, weighed.told as bits, cast(sum(weighed.n) as bigint) as n
from weighed group by weighed.whose, weighed.told
union all
select %(record)s, 'people', concerned.whose, cast(concerned.bits as text), cast(count(*) as bigint)
from concerned group by concerned.whose, cast(concerned.bits as text)

-- name: covered
-- How many people are covered: a bit for each recipient and version.
select '' as record, 'people' as counted, '' as whose, cast(of_each.bits as text) as bits, cast(count(*) as bigint) as n
from (select able.person, bit_or(able.bits) as bits from able group by able.person) as of_each
group by cast(of_each.bits as text)
