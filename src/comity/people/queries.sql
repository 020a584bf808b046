-- The rows of this room, in and out.

-- name: lock
-- Wait until nobody else decides who is who, and keep others waiting until the transaction ends.
select pg_advisory_xact_lock(%(lock)s)

-- name: put_source_persons
-- Write what sources say of people, whether or not it was known before.
insert into people.source_person
    (source_person, agency, given_names, family_name, alias_names, birth_date, birth_text, sex, postcode, address, identifiers)
select source_person, agency, given_names, family_name, alias_names, birth_date, birth_text, sex, postcode, address, identifiers
from jsonb_to_recordset(%(rows)s::jsonb) as t (
    source_person uuid, agency text, given_names text, family_name text, alias_names text[], birth_date date,
    birth_text text, sex text, postcode text, address text, identifiers jsonb
)
on conflict (source_person) do update set
    agency = excluded.agency, given_names = excluded.given_names, family_name = excluded.family_name,
    alias_names = excluded.alias_names, birth_date = excluded.birth_date, birth_text = excluded.birth_text,
    sex = excluded.sex, postcode = excluded.postcode, address = excluded.address, identifiers = excluded.identifiers, placed_at = now(), turn = excluded.turn

-- name: known_of
-- Which of these source persons are placed, and where.
select source_person, person from people.membership where source_person = any(%(ids)s::uuid[])

-- name: delete_keys
-- Forget the blocking keys of these source persons.
delete from people.key where source_person = any(%(ids)s::uuid[])

-- name: delete_tokens
-- Forget what these source persons can be found by.
delete from people.token where source_person = any(%(ids)s::uuid[])

-- name: put_keys
-- Write blocking keys.
insert into people.key (key, source_person) select * from unnest(%(keys)s::bigint[], %(ids)s::uuid[])
on conflict do nothing

-- name: put_tokens
-- Write what source persons can be found by.
insert into people.token (kind, token, source_person, agency)
select * from unnest(%(kinds)s::text[], %(tokens)s::text[], %(ids)s::uuid[], %(agencies)s::text[])
on conflict do nothing

-- name: update_agency
-- Let membership say the agency that the source person says now.
update people.membership as membership set agency = source.agency
from people.source_person as source
where source.source_person = membership.source_person and source.agency <> membership.agency
  and membership.source_person = any(%(ids)s::uuid[])

-- name: put_persons
-- Give out person ids.
insert into people.person (person) select unnest(%(persons)s::uuid[])

-- name: put_memberships
-- Say which person each source person is in.
insert into people.membership (source_person, person, agency)
select source.source_person, t.person, source.agency
from unnest(%(ids)s::uuid[], %(persons)s::uuid[]) as t (id, person)
join people.source_person as source on source.source_person = t.id
on conflict (source_person) do update set person = excluded.person

-- name: put_moves
-- Remember changes of membership.
insert into people.move (source_person, from_person, to_person)
select * from unnest(%(ids)s::uuid[], %(before)s::uuid[], %(after)s::uuid[])

-- name: redirect
-- Let ids of persons lead to another, or stand for themselves again.
update people.person as person set redirect_to = t.redirect_to
from unnest(%(persons)s::uuid[], %(targets)s::uuid[]) as t (person, redirect_to)
where person.person = t.person and person.redirect_to is distinct from t.redirect_to

-- name: former
-- The persons that these source persons were in before and that nobody is in now, the latest first.
select move.source_person, move.from_person
from people.move as move
where move.source_person = any(%(ids)s::uuid[]) and move.from_person is not null
  and not exists (select from people.membership as held where held.person = move.from_person)
order by move.move desc

-- name: first
-- The persons that these source persons were in first, of those that ever moved.
select distinct on (source_person) source_person, from_person from people.move
where source_person = any(%(ids)s::uuid[]) and from_person is not null
order by source_person, move

-- name: features
-- What sources say of these source persons.
select source_person, agency, given_names, family_name, alias_names, birth_date, birth_text, sex, postcode, address, identifiers
from people.source_person where source_person = any(%(ids)s::uuid[])

-- name: all_features
-- What sources say of everybody.
select source_person, agency, given_names, family_name, alias_names, birth_date, birth_text, sex, postcode, address, identifiers
from people.source_person order by source_person

-- name: plan
-- Say until the transaction ends whether statements are planned once for all, or each time for what they are given.
select set_config('plan_cache_mode', %(mode)s, true)

-- name: turn
-- The last turn that is committed, and the model in force.
select
    (select coalesce(max(turn), 0) from people.source_person),
    (select version from people.model_in_force order by step desc limit 1)

-- name: candidates
-- The pairs that share a blocking key which not too many share, one of them being in question; by the keys of these,
-- whether or not they are written yet.
with mine as materialized (
    select * from unnest(%(keys)s::bigint[], %(ids)s::uuid[]) as t (key, id)
), asked as materialized (
    select key, count(*) as number from mine group by key
), found as materialized (
    select asked.key, other.source_person as id, asked.number from asked cross join lateral (
        select source_person from people.key
        where key = asked.key and source_person not in (select id from mine) limit %(largest)s + 1
    ) as other
), crowded as materialized (
    select key from found group by key, number having count(*) + number > %(largest)s
    union all
    select key from asked where number > %(largest)s
)
select distinct least(mine.id, other.id), greatest(mine.id, other.id)
from mine join (select key, id from found union all select key, id from mine) as other on other.key = mine.key
where other.id <> mine.id and mine.key not in (select key from crowded)

-- name: candidates_since
-- Of these pairs, those with somebody who was placed after a turn.
with fresh as materialized (
    select source_person from people.source_person where turn > %(turn)s and source_person <> all(%(ids)s::uuid[])
)
select distinct least(mine.id, other.source_person), greatest(mine.id, other.source_person)
from fresh join people.key as other on other.source_person = fresh.source_person
join unnest(%(keys)s::bigint[], %(ids)s::uuid[]) as mine (key, id) on mine.key = other.key
where (
    select count(*) from (
        select from people.key as block
        where block.key = other.key and block.source_person <> all(%(ids)s::uuid[]) limit %(largest)s
    ) as block
) < %(largest)s

-- name: unchanged
-- Which of these source persons are still here and were not placed after a turn.
select source_person from people.source_person where source_person = any(%(ids)s::uuid[]) and turn <= %(turn)s

-- name: remembered
-- Of which of these source persons anything is remembered: the person they are in, or (null) that they once were in one, or
-- that somebody judged of them.
select id, membership.person from unnest(%(ids)s::uuid[]) as id
left join people.membership as membership on membership.source_person = id
where membership.person is not null
    or exists (select from people.move where source_person = id)
    or exists (select from people.judgement where a = id)
    or exists (select from people.judgement where b = id)

-- name: put_edges
-- Write scored pairs; a pair that stands already is left as it is.
insert into people.edge (a, b, weight, model)
select a, b, weight, %(model)s from unnest(%(a)s::uuid[], %(b)s::uuid[], %(weights)s::float8[]) as t (a, b, weight)
on conflict (a, b) where retired_at is null do nothing

-- name: retire_edges
-- Scored pairs that rest on what these source persons used to say stand no more.
update people.edge set retired_at = now()
where retired_at is null and (a = any(%(ids)s::uuid[]) or b = any(%(ids)s::uuid[]))

-- name: edges_within
-- Standing weights among these source persons.
select a, b, weight from people.edge
where retired_at is null and a = any(%(ids)s::uuid[]) and b = any(%(ids)s::uuid[])

-- name: judgements_touching
-- Standing judgements about these source persons, both of whom are still here.
select judgement.a, judgement.b, judgement.same from people.standing_judgement as judgement
join people.source_person as a on a.source_person = judgement.a
join people.source_person as b on b.source_person = judgement.b
where judgement.a = any(%(ids)s::uuid[]) or judgement.b = any(%(ids)s::uuid[])

-- name: all_judgements
-- Every standing judgement about two who are still here.
select judgement.a, judgement.b, judgement.same from people.standing_judgement as judgement
join people.source_person as a on a.source_person = judgement.a
join people.source_person as b on b.source_person = judgement.b

-- name: reach
-- Everybody whose person could change with these: through a strong pair, a judgement that says same, or a shared person.
with recursive reach (id) as (
    select unnest(%(ids)s::uuid[])
    union
    select near.id from reach cross join lateral (
        select edge.b as id from people.edge as edge
        where edge.a = reach.id and edge.retired_at is null and edge.weight >= %(threshold)s
        union all
        select edge.a from people.edge as edge
        where edge.b = reach.id and edge.retired_at is null and edge.weight >= %(threshold)s
        union all
        select judgement.b from people.standing_judgement as judgement where judgement.a = reach.id and judgement.same
        union all
        select judgement.a from people.standing_judgement as judgement where judgement.b = reach.id and judgement.same
        union all
        select other.source_person from people.membership as mine
        join people.membership as other on other.person = mine.person
        where mine.source_person = reach.id
    ) as near
)
select reach.id, membership.person from reach
join people.source_person as source on source.source_person = reach.id
left join people.membership as membership on membership.source_person = reach.id
order by reach.id

-- name: resolve
-- Where an id of a person leads to, through every redirect.
with recursive line (person, redirect_to, step) as (
    select person, redirect_to, 0 from people.person where person = %(person)s
    union all
    select next.person, next.redirect_to, line.step + 1
    from line join people.person as next on next.person = line.redirect_to
)
select person from line order by step desc limit 1

-- name: delete_source_person
-- Forget a source person: features, keys, tokens and membership go together.
delete from people.source_person where source_person = %(id)s

-- name: erase_traces
-- Forget also what was ever scored of, or moved with, a source person.
with edges as (
    delete from people.edge where a = %(id)s or b = %(id)s
)
delete from people.move where source_person = %(id)s

-- name: erase_answers
-- Forget that nobody could tell of a source person, what was proposed about it, and what it was parted from.
with doubts as (
    delete from people.doubt where a = %(id)s or b = %(id)s
), parted as (
    delete from people.parted where source_person = %(id)s
), ended as (
    delete from people.proposal_end where proposal in (select proposal from people.proposal where a = %(id)s or b = %(id)s)
)
delete from people.question where a = %(id)s or b = %(id)s

-- name: erase_proposals
-- Forget what was proposed about a source person.
delete from people.proposal where a = %(id)s or b = %(id)s

-- name: erase_undone
-- Forget the undoing of judgements about a source person.
delete from people.judgement where (a = %(id)s or b = %(id)s) and undoes is not null

-- name: erase_judgements
-- Forget judgements about a source person.
delete from people.judgement where a = %(id)s or b = %(id)s

-- name: put_judgement
-- Write what a person decided.
insert into people.judgement (judgement, a, b, verdict, undoes, judged_by, reason, judged_at)
values (%(judgement)s, %(a)s, %(b)s, %(verdict)s, %(undoes)s, %(by)s, %(reason)s, %(at)s)

-- name: standing_judgement
-- One judgement, if it stands.
select judgement, a, b, same, judged_by, reason, judged_at from people.standing_judgement
where judgement = %(judgement)s

-- name: standing_judgement_of
-- The judgement that stands about a pair.
select judgement, same from people.standing_judgement where a = %(a)s and b = %(b)s

-- name: current_model
-- The version in force.
select version from people.model_in_force order by step desc limit 1

-- name: model
-- The weights of one version.
select body from people.model where version = %(version)s

-- name: put_model
-- Keep a trained model.
insert into people.model (version, trained_at, body, evaluation)
values (%(version)s, %(trained_at)s, %(body)s::jsonb, %(evaluation)s::jsonb)

-- name: put_in_force
-- Let a model speak from now on.
insert into people.model_in_force (version, at, put_by, reason) values (%(version)s, %(at)s, %(by)s, %(reason)s)

-- name: pairs_between
-- The standing pairs of these source persons with somebody in another person, and the persons of both.
select near.a, near.b, near.weight, x.person, y.person
from (
    select a, b, weight from people.edge where retired_at is null and a = any(%(ids)s::uuid[])
    union
    select a, b, weight from people.edge where retired_at is null and b = any(%(ids)s::uuid[])
) as near
join people.membership as x on x.source_person = near.a
join people.membership as y on y.source_person = near.b
where x.person <> y.person

-- name: parted_between
-- The persons whom somebody has said to be two, by a record of each, one of them among these.
select distinct least(x.person, y.person), greatest(x.person, y.person)
from people.standing_judgement as judged
join people.membership as x on x.source_person = judged.a
join people.membership as y on y.source_person = judged.b
where not judged.same and (judged.a = any(%(ids)s::uuid[]) or judged.b = any(%(ids)s::uuid[]))

-- name: parted_anywhere
-- The persons whom somebody has said to be two, by a record of each.
select distinct least(x.person, y.person), greatest(x.person, y.person)
from people.standing_judgement as judged
join people.membership as x on x.source_person = judged.a
join people.membership as y on y.source_person = judged.b
where not judged.same

-- name: held_between
-- The persons whom a limit keeps apart, about these source persons or about everybody, and the two records held.
select least(x.person, y.person) as low, greatest(x.person, y.person) as high, hold.a, hold.b, hold.reason
from people.hold as hold
join people.membership as x on x.source_person = hold.a
join people.membership as y on y.source_person = hold.b
where %(ids)s::uuid[] is null or hold.a = any(%(ids)s::uuid[]) or hold.b = any(%(ids)s::uuid[])
order by hold.a, hold.b, hold.reason

-- name: drop_questions_of
-- Ask no longer about these persons what is not among what is to be asked.
delete from people.question as question
where (question.low = any(%(persons)s::uuid[]) or question.high = any(%(persons)s::uuid[])) and not exists (
    select from unnest(%(lows)s::uuid[], %(highs)s::uuid[]) as kept (low, high)
    where kept.low = question.low and kept.high = question.high
)

-- name: drop_questions
-- Ask no longer what is not among what is to be asked.
delete from people.question as question
where not exists (
    select from unnest(%(lows)s::uuid[], %(highs)s::uuid[]) as kept (low, high)
    where kept.low = question.low and kept.high = question.high
)

-- name: put_questions
-- Ask; what is asked already, or put away, stays so.
insert into people.question (low, high, a, b, weight, pairs, why, held)
select * from unnest(
    %(lows)s::uuid[], %(highs)s::uuid[], %(a)s::uuid[], %(b)s::uuid[], %(weights)s::float8[], %(pairs)s::int[], %(whys)s::text[],
    %(held)s::text[]
)
on conflict (low, high) do update set
    a = excluded.a, b = excluded.b, weight = excluded.weight, pairs = excluded.pairs, why = excluded.why, held = excluded.held
where (question.a, question.b, question.weight, question.pairs, question.why, question.held)
    is distinct from (excluded.a, excluded.b, excluded.weight, excluded.pairs, excluded.why, excluded.held)

-- name: ask_again
-- What was put away about these persons is asked again.
update people.question set away_until = null
where away_until is not null and (low = any(%(persons)s::uuid[]) or high = any(%(persons)s::uuid[]))

-- name: ask_of_nobody
-- Ask no longer about a person whom nobody is in any more.
delete from people.question
where (low = %(person)s or high = %(person)s)
  and not exists (select from people.membership as held where held.person = %(person)s)

-- name: questions
-- What is open and was not put away, the likeliest first.
select low, high, a, b, weight, pairs, why, held, away_until from people.question
where away_until is null
order by weight desc, low, high
limit %(limit)s

-- name: question_of
-- The question between the persons whom two source persons are in.
select question.low, question.high, question.a, question.b, question.weight, question.pairs, question.why, question.held,
    question.away_until
from people.membership as x join people.membership as y on y.source_person = %(b)s
join people.question as question
    on question.low = least(x.person, y.person) and question.high = greatest(x.person, y.person)
where x.source_person = %(a)s

-- name: put_doubt
-- Write that somebody could not tell.
insert into people.doubt (doubt, a, b, doubted_by, reason, doubted_at, until)
values (%(doubt)s, %(a)s, %(b)s, %(by)s, %(reason)s, %(at)s, %(until)s)

-- name: put_away
-- Put a question away.
update people.question set away_until = %(until)s where low = %(low)s and high = %(high)s

-- name: doubts_of
-- Who could not tell of a pair, the latest first.
select doubt, a, b, doubted_by, reason, doubted_at, until from people.doubt
where a = %(a)s and b = %(b)s order by doubted_at desc, doubt

-- name: members
-- Who is in these persons, and of which agency.
select person, source_person, agency from people.membership where person = any(%(persons)s::uuid[]) order by agency, source_person

-- name: said_same_among
-- Which of these source persons somebody has said to be one with another.
select judged.a, judged.b from people.standing_judgement as judged
where judged.same and judged.a = any(%(ids)s::uuid[]) and judged.b = any(%(ids)s::uuid[])

-- name: put_proposal
-- Write that somebody proposes a merge.
insert into people.proposal (proposal, a, b, proposed_by, reason, strong, proposed_at)
values (%(proposal)s, %(a)s, %(b)s, %(by)s, %(reason)s, %(strong)s, %(at)s)

-- name: end_proposal
-- Write what became of a proposal.
insert into people.proposal_end (proposal, proposed_by, outcome, ended_by, reason, ended_at, judgement)
values (%(proposal)s, %(proposed_by)s, %(outcome)s, %(by)s, %(reason)s, %(at)s, %(judgement)s)

-- name: open_proposal
-- One proposal that nobody has ended.
select proposal, a, b, proposed_by, reason, strong, proposed_at from people.proposal as proposed
where proposal = %(proposal)s and not exists (select from people.proposal_end as over where over.proposal = proposed.proposal)

-- name: open_proposals
-- The proposals that nobody has ended, about two who are still here, the oldest first.
select proposed.proposal, proposed.a, proposed.b, proposed.proposed_by, proposed.reason, proposed.strong, proposed.proposed_at
from people.proposal as proposed
join people.membership as x on x.source_person = proposed.a
join people.membership as y on y.source_person = proposed.b
where not exists (select from people.proposal_end as over where over.proposal = proposed.proposal)
order by proposed.proposed_at, proposed.proposal

-- name: proposal_between
-- A proposal that nobody has ended, between two persons.
select proposed.proposal, proposed.a, proposed.b, proposed.proposed_by, proposed.reason, proposed.strong, proposed.proposed_at
from people.membership as x
join people.proposal as proposed on x.source_person in (proposed.a, proposed.b)
join people.membership as y on y.source_person = case when proposed.a = x.source_person then proposed.b else proposed.a end
where x.person = %(one)s and y.person = %(other)s
  and not exists (select from people.proposal_end as over where over.proposal = proposed.proposal)
order by proposed.proposed_at
limit 1

-- name: judgement
-- One judgement as it was made, and whether it still stands.
select made.judgement, made.a, made.b, made.verdict = 'same', made.judged_by, made.reason, made.judged_at,
    undone.judged_by, undone.reason, undone.judged_at
from people.judgement as made left join people.judgement as undone on undone.undoes = made.judgement
where made.judgement = %(judgement)s and made.verdict <> 'undone'

-- name: judgements_among
-- The judgements that stand about these source persons, the latest first.
select judgement, a, b, same, judged_by, reason, judged_at from people.standing_judgement
where a = any(%(ids)s::uuid[]) or b = any(%(ids)s::uuid[])
order by judged_at desc, judgement

-- name: latest_judgements
-- The judgements that stand, the latest first.
select judgement, a, b, same, judged_by, reason, judged_at from people.standing_judgement
order by judged_at desc, judgement
limit %(limit)s

-- name: histories
-- Where source persons have been: since when each is known, where it was first, and each move.
select source.source_person, source.known_since, coalesce(
    (select move.from_person from people.move as move
     where move.source_person = source.source_person and move.from_person is not null and move.moved_at >= source.known_since
     order by move.move limit 1), held.person)
from people.source_person as source join people.membership as held on held.source_person = source.source_person
where source.source_person = any(%(ids)s::uuid[])

-- name: moves_of
-- The moves of source persons from one person to another, the earliest first.
select source_person, moved_at, to_person from people.move
where source_person = any(%(ids)s::uuid[]) and to_person is not null
order by move

-- name: put_parted
-- Write which persons come apart, by what, who was in them and who is where since.
insert into people.parted (parting, source_person, agency, cause, judgement, was, is_now, since)
select t.parting, t.id, held.agency, %(cause)s, %(judgement)s, t.was, t.person, t.since
from unnest(
    %(partings)s::uuid[], %(were)s::uuid[], %(ids)s::uuid[], %(persons)s::uuid[], %(since)s::timestamptz[]
) as t (parting, was, id, person, since)
join people.membership as held on held.source_person = t.id

-- name: partings_of
-- Who came apart by a judgement, or by its undoing.
select parting, cause, judgement, was, since, parted_at, source_person, is_now from people.parted
where judgement = %(judgement)s
order by parted_at, parting, source_person

-- name: parting
-- Who came apart by one parting.
select parting, cause, judgement, was, since, parted_at, source_person, is_now from people.parted
where parting = %(parting)s
order by source_person

-- name: stage_edges
-- A place for the pairs of a bulk run.
create temporary table staged_edge (a uuid, b uuid, weight float8) on commit drop

-- name: copy_edges
-- Fill it.
copy staged_edge (a, b, weight) from stdin with (format binary)

-- name: retire_unstaged
-- Pairs that the bulk run did not find again, or weighs otherwise (beyond rounding), stand no more.
update people.edge as edge set retired_at = now()
where edge.retired_at is null and not exists (
    select from staged_edge as staged
    where staged.a = edge.a and staged.b = edge.b and abs(staged.weight - edge.weight) < 1e-6 and edge.model = %(model)s
)

-- name: put_staged
-- Write the pairs that do not stand yet.
insert into people.edge (a, b, weight, model)
select staged.a, staged.b, staged.weight, %(model)s from staged_edge as staged
where not exists (
    select from people.edge as edge where edge.retired_at is null and edge.a = staged.a and edge.b = staged.b
)

-- name: all_memberships
-- Who is in which person.
select source_person, person from people.membership

-- name: put_holds
-- Let exactly these be held about source persons, or about everybody; return what is new.
with given as (
    select * from unnest(%(a)s::uuid[], %(b)s::uuid[], %(limits)s::text[]) as t (a, b, reason)
), ended as (
    delete from people.hold as hold
    where (%(ids)s::uuid[] is null or hold.a = any(%(ids)s::uuid[]) or hold.b = any(%(ids)s::uuid[]))
      and (hold.a, hold.b, hold.reason) not in (select a, b, reason from given)
)
insert into people.hold (a, b, reason) select a, b, reason from given
on conflict (a, b, reason) do nothing returning hold

-- name: held
-- What is held for a person, the longest first.
select hold, a, b, reason, held_at from people.hold order by held_at, hold limit %(limit)s

-- name: holds_unentered
-- What is held and is in no entry of the ledger yet.
select hold, a, b, reason, held_at from people.hold where entry is null order by hold

-- name: enter_holds
-- Remember which entry of the ledger tells of these.
update people.hold set entry = %(entry)s where hold = any(%(holds)s::uuid[])

-- name: delete_stays
-- Forget when source persons, or everybody, were in prison.
delete from people.stay where %(ids)s::uuid[] is null or source_person = any(%(ids)s::uuid[])

-- name: put_stays
-- Write when source persons were in prison.
insert into people.stay (source_person, agency, facility, since, until)
select * from unnest(%(ids)s::uuid[], %(agencies)s::text[], %(facilities)s::text[], %(since)s::date[], %(until)s::date[])

-- name: stays_of
-- When these source persons were in prison.
select source_person, agency, facility, since, until from people.stay
where source_person = any(%(ids)s::uuid[]) order by source_person, since, until, facility

-- name: all_stays
-- When everybody was in prison.
select source_person, agency, facility, since, until from people.stay order by source_person, since, until, facility

-- name: erase_stays
-- Forget when a source person was in prison.
delete from people.stay where source_person = %(id)s

-- name: erase_samples
-- Forget that a source person was in a sample, with what was said of it.
delete from people.sampled where a = %(id)s or b = %(id)s

-- name: erase_examples
-- Forget that a source person was an example of what a model would change.
delete from people.proposal_example where a = %(id)s or b = %(id)s

-- name: held_pairs
-- Every pair that is held.
select distinct a, b from people.hold

-- name: all_edges
-- Every standing weight.
select a, b, weight from people.edge where retired_at is null

-- name: models
-- Every model, what it was measured at, and since when and by whose word it was last in force.
select model.version, model.trained_at, model.evaluation, last.at, last.put_by, last.reason,
    coalesce(last.step = (select max(step) from people.model_in_force), false)
from people.model as model
left join lateral (
    select step, at, put_by, reason from people.model_in_force as spoke
    where spoke.version = model.version order by step desc limit 1
) as last on true
order by model.trained_at desc, model.version

-- name: put_examples
-- Keep pairs that a proposed model would treat otherwise.
insert into people.proposal_example (version, change, a, b, before, after)
select %(version)s, change, least(a, b), greatest(a, b), before, after
from unnest(%(changes)s::text[], %(a)s::uuid[], %(b)s::uuid[], %(before)s::float8[], %(after)s::float8[])
    as t (change, a, b, before, after)

-- name: examples
-- Pairs that a proposed model would treat otherwise, the furthest moved first.
select change, a, b, before, after from people.proposal_example where version = %(version)s
order by change, abs(coalesce(after, -2) - coalesce(before, -2)) desc, a, b

-- name: sizes
-- How many persons there are of each number of records.
select records, count(*) from (select count(*) as records from people.membership group by person) as person
group by records order by records

-- name: bits_since
-- Pairs scored by the model in force since it was put there, per whole bit.
select greatest(least(floor(edge.weight), 60), -40)::int, count(*) from people.edge as edge
join (select version, put_at from people.model_in_force order by step desc limit 1) as spoke
    on edge.model = spoke.version and edge.scored_at > spoke.put_at
group by 1 order by 1

-- name: links_by_band
-- Pairs that stand, by band and by whether they are in one person.
select case when edge.weight >= %(linked)s then 'linked' else 'needs a person' end, a.person = b.person, count(*)
from people.edge as edge
join people.membership as a on a.source_person = edge.a
join people.membership as b on b.source_person = edge.b
where edge.retired_at is null and edge.weight >= %(asked)s
group by 1, 2

-- name: count_judged
-- Decisions that stand.
select case when same then 'same' else 'different' end, count(*) from people.standing_judgement group by 1

-- name: open_reviews
-- Two persons who may be one, once for each reason: by the limit (none: near), by age, how many, and since when.
with near as (
    select null as why, least(a.person, b.person) as low, greatest(a.person, b.person) as high, edge.scored_at as since
    from people.edge as edge
    join people.membership as a on a.source_person = edge.a
    join people.membership as b on b.source_person = edge.b
    where edge.retired_at is null and edge.weight >= %(asked)s and a.person <> b.person
      and not exists (select from people.standing_judgement as judged where judged.a = edge.a and judged.b = edge.b)
      and not exists (
          select from people.hold as hold
          join people.membership as c on c.source_person = hold.a
          join people.membership as d on d.source_person = hold.b
          where least(c.person, d.person) = least(a.person, b.person)
            and greatest(c.person, d.person) = greatest(a.person, b.person)
      )
    union all
    select hold.reason, least(a.person, b.person), greatest(a.person, b.person), hold.held_at
    from people.hold as hold
    join people.membership as a on a.source_person = hold.a
    join people.membership as b on b.source_person = hold.b
), review as (
    select why, min(since) as since from near group by why, low, high
)
select why,
    width_bucket(extract(epoch from %(now)s::timestamptz - since) / 86400, %(ages)s::numeric[]), count(*), min(since)
from review group by 1, 2 order by 1, 2

-- name: draw
-- Pairs within persons at random, so many of each stratum of weight, with how many there are of it.
select a, b, stratum, size from (
    select a, b, stratum, count(*) over (partition by stratum) as size,
        row_number() over (partition by stratum order by random()) as turn
    from (
        select one.source_person as a, other.source_person as b,
            width_bucket(coalesce(edge.weight, '-infinity'), %(parts)s::float8[]) as stratum
        from people.membership as one
        join people.membership as other on other.person = one.person and other.source_person > one.source_person
        left join people.edge as edge
            on edge.a = one.source_person and edge.b = other.source_person and edge.retired_at is null
        where not exists (
            select from people.standing_judgement as judged
            where judged.a = one.source_person and judged.b = other.source_person
        )
    ) as link
) as drawn
where turn <= %(each)s

-- name: put_sample
-- Keep that a sample was drawn, and how many links there were of each stratum.
insert into people.sample (sample, drawn_at, drawn_by, model, strata)
values (%(sample)s, %(at)s, %(by)s, %(model)s, %(strata)s::jsonb)

-- name: put_sampled
-- Keep the pairs of a sample.
insert into people.sampled (sample, place, stratum, a, b)
select %(sample)s, place, stratum, a, b
from unnest(%(places)s::int[], %(strata)s::text[], %(a)s::uuid[], %(b)s::uuid[]) as t (place, stratum, a, b)

-- name: next_sampled
-- The next pair of a sample of which nobody has said anything, the person whom both are in, and whose records they are.
select sampled.place, sampled.a, sampled.b, case when one.person = other.person then one.person end,
    one.agency, other.agency
from people.sampled as sampled
left join people.membership as one on one.source_person = sampled.a
left join people.membership as other on other.source_person = sampled.b
where sampled.sample = %(sample)s and not exists (
    select from people.sample_answer as said where said.sample = sampled.sample and said.place = sampled.place
)
order by sampled.place limit 1

-- name: put_answer
-- Keep what somebody says of a pair of a sample, if there is such a pair.
insert into people.sample_answer (sample, place, said, said_by, said_at)
select sample, place, %(said)s, %(by)s, %(at)s from people.sampled where sample = %(sample)s and place = %(place)s

-- name: samples
-- Every sample, the newest first.
select sample, drawn_at, drawn_by, model, strata from people.sample order by drawn_at desc, sample

-- name: sample_answers
-- Of each sample and stratum, how many pairs there are by what was last said of them (null: nothing yet).
select sampled.sample, sampled.stratum, last.said, count(*) from people.sampled as sampled
left join lateral (
    select said from people.sample_answer as answer
    where answer.sample = sampled.sample and answer.place = sampled.place order by answer.answer desc limit 1
) as last on true
group by 1, 2, 3
