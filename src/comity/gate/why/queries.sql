-- What an explanation reads. The rows of the record are read by statements that `reading.py` makes through
-- `trees.held`, as every statement of the gate does.

-- name: one_moment
-- Everything that an explanation reads is of one snapshot.
set transaction isolation level repeatable read

-- name: settings
-- For this transaction alone: the agencies whose records the gate may see, and one plan for every subject.
select set_config('comity.providers', %(providers)s, true), set_config('plan_cache_mode', 'force_generic_plan', true),
       set_config('jit', 'off', true)

-- name: logged
-- One request, as the log keeps it.
select id, at, kind, act, agreement, version, purpose, agency, requester, role, case_reference, justification, criteria,
       person, rows, digest, reason
from gate.disclosure where id = %(id)s

-- name: of_clauses
-- Of how many source persons rows left, by each clause.
select clause, count(*)
from gate.disclosure_subject as about cross join lateral unnest(about.clauses) as clause
where about.disclosure = %(id)s group by clause order by clause

-- name: people
-- Each source person that providers hold of the person, wherever merges have moved them.
with recursive line (person) as (
    select %(person)s::uuid
    union
    select moved.redirect_to from people.person as moved join line on moved.person = line.person
    where moved.redirect_to is not null
)
select membership.source_person
from line
join people.person as known on known.person = line.person and known.redirect_to is null
join people.membership as membership on membership.person = known.person
where membership.agency = any(%(providers)s)

-- name: humans
-- For each of these source persons, every one that providers hold of the same human being.
select mine.source_person, theirs.source_person
from people.membership as mine join people.membership as theirs on theirs.person = mine.person
where mine.source_person = any(%(people)s) and mine.agency = any(%(providers)s) and theirs.agency = any(%(providers)s)

-- name: keyed
-- Which of these source persons have their key still.
select source_person from record.subject_key where source_person = any(%(people)s) and agency = any(%(providers)s)

-- name: answer
-- What the person answered last about this agreement, under any id that merges have left behind.
with recursive line (person) as (
    select %(person)s::uuid
    union
    select moved.redirect_to from people.person as moved join line on moved.person = line.person
    where moved.redirect_to is not null
), known (person) as (
    select line.person from line join people.person as last on last.person = line.person where last.redirect_to is null
    union
    select merged.person from people.person as merged join known on merged.redirect_to = known.person
)
select asked.answer, asked.at
from known join agreements.consent as asked on asked.person = known.person
where asked.name = %(agreement)s
order by asked.number desc limit 1
