-- Fixed parts of the statements that the gate compiles. Each is parsed into a tree and joined with those that depend on
-- the agreement; whatever a request or an agreement says is a parameter.

-- name: request
-- Every request that the statement answers, of one agreement, on one day: whom it asks for, what the log keeps of it, and its
-- entry's bytes on either side of the commitment. A value that is the same for all of them is a parameter of its own.
select request.id, request.person, request.at, request.salt, request.asked, request.agency, request.requester, request.role,
       request.case_reference, request.justification, request.entry_of_disclosure, request.rest_of_disclosure,
       request.entry_of_refusal, request.rest_of_refusal
from json_to_recordset(%(requests)s::json) as request (id uuid, person uuid, at timestamptz, salt bytea, asked bytea, agency text,
    requester text, role text, case_reference text, justification text, entry_of_disclosure text, rest_of_disclosure text,
    entry_of_refusal text, rest_of_refusal text)

-- name: line
-- Whom each request asks for, and where merges have moved them.
select request.id, request.person from request
union
select line.id, moved.redirect_to from people.person as moved join line on moved.person = line.person
where moved.redirect_to is not null

-- name: sought_of_read
-- Whom each request is about: the person asked for, at the end of every redirect.
select line.id, line.person from line join people.person as known on known.person = line.person
where known.redirect_to is null

-- name: sought_of_all
-- Whom the request is about: everyone whom it leads to.
select request.id, subject.person from request cross join subject

-- name: subject_of_read
-- Everyone whom a request is about, once.
select distinct sought.person from sought

-- name: subject_of_many
-- Everyone within a stretch of ids, so that as many are taken at a time as there is room for.
select known.person from people.person as known
where known.redirect_to is null and known.person >= %(first)s::uuid and known.person <= %(last)s::uuid

-- name: named_case
-- The cases of that number or of that common reference.
select named.record_id, named.common_reference from record."case" as named
where named.agency = any(%(providers)s::text[])
  and (named.case_number = %(reference)s::text or named.common_reference = %(reference)s::text)

-- name: the_case
-- The same case in the books of each agency that shares its reference.
select named_case.record_id from named_case
union
select twin.record_id from named_case join record."case" as twin on twin.common_reference = named_case.common_reference
where twin.agency = any(%(providers)s::text[])

-- name: the_incident
-- What the case arose from.
select distinct arose.incident as record_id from record."case" as arose join the_case on the_case.record_id = arose.record_id
where arose.agency = any(%(providers)s::text[]) and arose.incident is not null

-- name: subject_of_case
-- The people who are party to the case.
select distinct membership.person from party join people.membership as membership on membership.source_person = party.source_person
where membership.agency = any(%(providers)s::text[])

-- name: kin
-- Everyone asked about, with each source person that providers hold of them.
select subject.person, membership.source_person
from subject join people.membership as membership on membership.person = subject.person
where membership.agency = any(%(providers)s::text[])

-- name: near_case
-- The cases near each of them, with the side on which they stand.
select distinct tie.person, tie.side, near.record_id
from tie join record."case" as near on near.record_id = tie.case_id
where near.agency = any(%(providers)s::text[])

-- name: near_incident
-- The incidents near each of them, with the side on which they stand.
select tie.person, tie.side, near.record_id
from tie join record.incident as near on near.record_id = tie.incident_id
where near.agency = any(%(providers)s::text[])
union
select near_case.person, near_case.side, near.record_id
from near_case
join record."case" as via on via.record_id = near_case.record_id
join record.incident as near on near.record_id = via.incident
where via.agency = any(%(providers)s::text[]) and near.agency = any(%(providers)s::text[])

-- name: near_hearing
-- The hearings of each of them, and of the cases near them.
select kin.person, near.record_id
from kin join record.hearing as near on near.source_person = kin.source_person
where near.agency = any(%(providers)s::text[])
union
select near_case.person, near.record_id
from near_case join record.hearing as near on near."case" = near_case.record_id
where near.agency = any(%(providers)s::text[])

-- name: ever_known_as
-- Everyone covered, under each id that merges have left behind.
select covered.person, covered.person as known_as from covered
union
select ever.person, merged.person from ever_known_as as ever join people.person as merged on merged.redirect_to = ever.known_as

-- name: consenting
-- Those among them whose last answer lets data leave.
select covered.person from covered
where (
    select asked.answer
    from ever_known_as join agreements.consent as asked on asked.person = ever_known_as.known_as
    where ever_known_as.person = covered.person and asked.name = %(agreement)s::text
    order by asked.number desc
    limit 1
) = any(%(consents)s::text[])

-- name: account_of_each
-- On whose account a row leaves: each person covered, by themselves.
select entitled.person as account, entitled.person from entitled

-- name: account_of_case
-- On whose account a row leaves: within a case read, that of the case, for everyone covered together.
select cast('00000000-0000-0000-0000-000000000000' as uuid) as account, entitled.person from entitled

-- name: member
-- Each source person of everyone covered.
select account.account, kin.person, kin.source_person from kin join account on account.person = kin.person

-- name: member_of_everyone
-- The same where everyone asked about is covered, each on their own account: whoever is of their kin, as it is.
select kin.person as account, kin.person, kin.source_person from kin

-- name: own_case
-- The cases near everyone covered; for whoever is not accused, also those that arose from an incident near them.
select account.account, near_case.record_id, near_case.side from near_case join account on account.person = near_case.person
union
select account.account, arose.record_id, near_incident.side
from near_incident
join account on account.person = near_incident.person
join record."case" as arose on arose.incident = near_incident.record_id
where near_incident.side <> 'accused' and arose.agency = any(%(providers)s::text[])

-- name: same_case
-- Each of these cases, and the same one in the books of each agency that shares its reference.
select own_case.account, own_case.record_id as mine, own_case.record_id from own_case
union
select own_case.account, own_case.record_id as mine, twin.record_id
from own_case
join record."case" as mine on mine.record_id = own_case.record_id
join record."case" as twin on twin.common_reference = mine.common_reference
where mine.agency = any(%(providers)s::text[]) and twin.agency = any(%(providers)s::text[])

-- name: at_case_of_each
-- These cases, with the sides of whoever is covered in them and in what they arose from: who is suspected of the incident
-- stays a fellow accused in the case, also as its witness.
select same_case.account, same_case.record_id, own_case.side
from same_case join own_case on own_case.account = same_case.account and own_case.record_id = same_case.mine
union
select same_case.account, same_case.record_id, near_incident.side
from same_case
join same_case as book on book.account = same_case.account and book.mine = same_case.mine
join record."case" as arose on arose.record_id = book.record_id
join near_incident on near_incident.record_id = arose.incident
join account on account.account = same_case.account and account.person = near_incident.person
where arose.agency = any(%(providers)s::text[])

-- name: at_case_of_case
-- The case, with the sides of everyone covered in it.
select stands.account, the_case.record_id, stands.side
from the_case
cross join (
    select account.account, near_case.side from near_case join account on account.person = near_case.person
    where near_case.record_id in (select the_case.record_id from the_case)
    union
    select account.account, near_incident.side from near_incident join account on account.person = near_incident.person
    where near_incident.record_id in (select the_incident.record_id from the_incident)
) as stands

-- name: shown_case
-- These cases, but for the books that are kept for a fellow of whoever is covered and that no record of theirs refers to:
-- where a court keeps a row for each accused, another's outcome is another's.
select at_case.account, at_case.record_id from at_case
except
select at_case.account, book.record_id
from at_case
join record."case" as book on book.record_id = at_case.record_id
where book.agency = any(%(providers)s::text[]) and book.source_person is not null
  and at_case.side = case when book.whose in ('suspect', 'convicted') then 'accused' else book.whose end
  and not exists (
    select 1 from member where member.account = at_case.account and member.source_person = book.source_person
  )
  and not exists (
    select 1 from near_case join account on account.person = near_case.person
    where account.account = at_case.account and near_case.record_id = book.record_id
  )

-- name: at_incident_of_each
-- The incidents near whoever is covered, and those that their cases arose from, with their sides.
select account.account, near_incident.record_id, near_incident.side
from near_incident join account on account.person = near_incident.person
union
select at_case.account, arose.incident as record_id, at_case.side
from at_case join record."case" as arose on arose.record_id = at_case.record_id
where arose.agency = any(%(providers)s::text[]) and arose.incident is not null

-- name: at_incident_of_case
-- What the case arose from, with the sides of everyone covered in it.
select at_case.account, arose.incident as record_id, at_case.side
from at_case join record."case" as arose on arose.record_id = at_case.record_id
where arose.agency = any(%(providers)s::text[]) and arose.incident is not null

-- name: mark
-- Which row versions an agreement's standing depends on: any change of one gives another mark.
select coalesce(md5(string_agg(cast(part.version as text) || ' ' || cast(part.place as text), ',' order by part.kind, part.place)), '') as mark
from (
    select 1 as kind, it.xmin as version, it.ctid as place from agreements.agreement as it where it.name = %(agreement)s::text
    union all
    select 2, it.xmin, it.ctid from agreements.signature as it where it.name = %(agreement)s::text
    union all
    select 3, it.xmin, it.ctid from agreements.event as it where it.name = %(agreement)s::text
    union all
    select 4, it.xmin, it.ctid from agreements.assessment as it where it.name in (
        select split_part(named.assessment, '@', 1) from agreements.agreement as named where named.name = %(agreement)s::text
    )
    union all
    select 5, it.xmin, it.ctid from agreements.agency as it where it.agency in (
        select unnest(party.parties) from agreements.agreement as party where party.name = %(agreement)s::text
    )
) as part

-- name: unchanged
-- Whether the agreement is as it was when it was judged; nothing is released or written if it is not.
select 1 as it from now_marked where now_marked.mark = %(mark)s::text

-- name: hit_by_name
-- Whom the index proposes for the longest word of a name; a word may be the beginning of a longer one.
select token.source_person from people.token as token
where token.agency = any(%(providers)s::text[]) and token.kind = 'name'
  and token.token >= %(longest)s::text and token.token < %(longest)s::text || chr(1114111)

-- name: hit_by_birth_date
-- Whom the index proposes for a date of birth.
select token.source_person from people.token as token
where token.agency = any(%(providers)s::text[]) and token.kind = 'birth_date' and token.token = %(born)s::text

-- name: hit_by_number
-- Whom the index proposes for a number.
select token.source_person from people.token as token
where token.agency = any(%(providers)s::text[]) and token.kind = 'number' and token.token = %(number)s::text

-- name: subject_of_search
-- The people to whom the proposed source persons belong.
select distinct membership.person from hit join people.membership as membership on membership.source_person = hit.source_person
where membership.agency = any(%(providers)s::text[])

-- name: meets_name
-- Each word asked for begins a word of the name. Letters, marks and apostrophes fold as `people.standardise` folds them.
select 1 from released where cardinality(%(words)s::text[]) > 0 and not exists (
    select 1 from unnest(%(words)s::text[]) as asked(word)
    where position(' ' || asked.word in ' ' || regexp_replace(translate(replace(replace(replace(replace(replace(
        regexp_replace(lower(normalize(said, NFKD)), '[\u0300-\u036f]', '', 'g'),
        'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'ĳ', 'ij'), 'ß', 'ss'),
        'øđðłıħŋ''’‘`´ʼ', 'oddlihn'), '[^[:alnum:]]+', ' ', 'g')) = 0
)

-- name: meets_birth_date
-- Born on that very day.
select 1 from released where to_char(said, 'YYYYMMDD') = %(born)s::text

-- name: meets_number
-- That very number, whatever its spacing and punctuation.
select 1 from released where upper(regexp_replace(said, '[^A-Za-z0-9]', '', 'g')) = %(number)s::text

-- name: shown
-- The first people found, in an order that tells nothing of them.
select found.account from (select distinct candidate.account from candidate) as found
order by found.account
limit %(most)s::int

-- name: released_by_search
-- What is released of the people shown.
select candidate.clause, candidate.account, candidate.record_id, candidate.source_person, candidate.line from candidate
where candidate.account in (select shown.account from shown)

-- name: more
-- Whether more people were found than are shown.
select count(distinct candidate.account) > %(most)s::int from candidate
