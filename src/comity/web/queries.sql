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
