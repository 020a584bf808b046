-- What an extract reads of the gate's own tables, and how it is written down.

-- name: settings
-- For this transaction alone: the agencies whose records the gate may see.
select set_config('comity.providers', %(providers)s, true)

-- name: known_pseudonyms
-- The people who have a pseudonym already for this recipient and purpose.
copy (select person, pseudonym from gate.pseudonym where recipient = {recipient} and purpose = {purpose}) to stdout (format csv)

-- name: put_pseudonyms
-- Those who had none; two extracts at once work out the same.
insert into gate.pseudonym (recipient, purpose, person, pseudonym)
select %(recipient)s, %(purpose)s, made.person, made.pseudonym
from unnest(%(people)s::uuid[], %(pseudonyms)s::uuid[]) as made (person, pseudonym)
on conflict do nothing

-- name: subject_keys
-- The wrapped data keys of these source persons.
select source_person, agency, epoch, wrapped from record.subject_key
where agency = any(%(providers)s::text[]) and source_person = any(%(people)s::uuid[])

-- name: gone
-- How many of these source persons the providers hold no longer.
select count(*) from unnest(%(people)s::uuid[]) as was (source_person)
where not exists (select 1 from people.membership as it where it.source_person = was.source_person)

-- name: is_logged
-- Whether the extract was written down already: it may then be published.
select 1 from gate.disclosure where id = %(id)s and kind = 'disclosure'

-- name: log_extract
-- The line in the gate's log, the review if one is due, and the ledger's entry; none of them if the agreement has changed
-- since it was judged.
with now_marked as ({mark}), unchanged as ({unchanged}){due},
logged as (
    insert into gate.disclosure (id, at, kind, act, agreement, version, purpose, agency, requester, role, case_reference,
        justification, criteria, person, rows, digest, asked, salt, reason)
    select %(id)s, %(at)s, 'disclosure', %(act)s, %(agreement)s, %(version)s, %(purpose)s, %(agency)s, %(requester)s, %(role)s,
        %(case_reference)s, %(justification)s, '{{}}', null, %(rows)s, %(digest)s, %(asked)s, %(salt)s, null
    from unchanged
    returning id
)
insert into ledger.outbox (id, body) select id, %(body)s from logged

-- name: put_subjects
-- Whom it was about.
insert into gate.extract_subject (disclosure, clause, shard, people) values (%(disclosure)s, %(clause)s, %(shard)s, %(people)s)
