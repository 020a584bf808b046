-- name: colleague
-- One colleague, as their agency vouches for them now.
select colleague, name, agency, role, language, demonstration from web.colleague where colleague = %(colleague)s

-- name: colleagues_to_demonstrate
-- The people of a demonstration, as whom anybody on this machine may sign in.
select colleague, name, agency, role, language, demonstration from web.colleague where demonstration order by agency, name

-- name: put_colleague
-- Let somebody sign in, or change what they are.
insert into web.colleague (colleague, name, agency, role, language, demonstration)
values (%(colleague)s, %(name)s, %(agency)s, %(role)s, %(language)s, %(demonstration)s)
on conflict (colleague) do update set name = excluded.name, agency = excluded.agency, role = excluded.role,
    language = excluded.language, demonstration = excluded.demonstration

-- name: remove_colleague
-- Let somebody sign in no longer.
delete from web.colleague where colleague = %(colleague)s

-- name: put_letter
-- Note that a letter with a code was sent.
insert into web.letter (letter, code_digest, person, sent_at, valid_until)
values (%(letter)s, %(code_digest)s, %(person)s, %(sent_at)s, %(valid_until)s)

-- name: letter_of_code
-- The letter whose code this is, while it is valid.
select person, valid_until from web.letter where code_digest = %(code_digest)s and valid_until > %(now)s

-- name: agencies
-- The agencies and what they are called.
select agency, kind, label_en, label_nl from agreements.agency order by agency

-- name: agreement_titles
-- What each version of each agreement is called, earliest first; the bytes are those that were signed.
select name, version, said -> 'title' ->> 'en', said -> 'title' ->> 'nl'
from (select name, version, convert_from(canonical, 'UTF8')::json as said from agreements.agreement) as kept
order by name, version

-- name: past_review
-- The agreements of an agency of which some version says that it was to be reviewed before today, and may be in force.
select distinct name from (
    select name, convert_from(canonical, 'UTF8')::json -> 'in_force' as days from agreements.agreement
    where %(agency)s = any(parties)
) as kept
where days ->> 'review_by' < %(today)s and days ->> 'until' >= %(today)s
order by name

-- name: colleagues_of
-- What the people of an agency are called.
select colleague, name from web.colleague where agency = %(agency)s

-- name: put_token
-- Let a program ask in a colleague's name; only a digest of its token is kept.
insert into web.token (token, digest, colleague, issued_at, valid_until)
values (%(token)s, %(digest)s, %(colleague)s, %(issued_at)s, %(valid_until)s)

-- name: holder_of_token
-- The colleague in whose name a program asks, as their agency vouches for them now.
select c.colleague, c.name, c.agency, c.role, c.language, c.demonstration
from web.token t join web.colleague c using (colleague)
where t.digest = %(digest)s and t.valid_until > %(now)s and t.revoked_at is null

-- name: revoke_tokens
-- End every token of a colleague.
update web.token set revoked_at = %(now)s where colleague = %(colleague)s and revoked_at is null

-- name: hold_agreement
-- Hold an agreement's name until the transaction ends, so that two proposals come one after the other.
select pg_advisory_xact_lock(hashtextextended('comity-agreement ' || %(name)s, 0))

-- name: proposed_digest
-- The digest of a version as it is proposed.
select encode(sha256(canonical), 'hex') from agreements.agreement where name = %(name)s and version = %(version)s
