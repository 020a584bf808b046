-- Impacts, and who confirmed them.

-- name: lock_agreement
-- A version's bytes, held still until the transaction ends.
select canonical from agreements.agreement where name = %(name)s and version = %(version)s for update

-- name: text
-- A version's bytes.
select canonical from agreements.agreement where name = %(name)s and version = %(version)s

-- name: latest
-- The latest impacts of a version that a party may confirm, newest first: few, since what is older than a week is no use.
select it.id, it.digest, it.document, it.taken_at, it.agency from agreements.impact it
where it.name = %(name)s and it.version = %(version)s
  and (
    it.agency = %(agency)s
    or it.agency = any(%(providers)s) and it.signature is not null
    or exists (
        select from agreements.impact_confirmation c where c.impact = it.id and c.agency = any(%(providers)s)
    )
  )
order by it.taken_at desc, it.id
limit 20

-- name: key
-- The key that is pinned for an agency.
select public_key from agreements.agency where agency = %(agency)s

-- name: impact
-- The latest impact of that digest that was taken for the party, handed in by a provider, or confirmed by one.
select it.id, it.document from agreements.impact it
where it.name = %(name)s and it.version = %(version)s and it.digest = %(digest)s
  and (
    it.agency = %(agency)s
    or it.agency = any(%(providers)s) and it.signature is not null
    or exists (
        select from agreements.impact_confirmation c where c.impact = it.id and c.agency = any(%(providers)s)
    )
  )
order by it.taken_at desc
limit 1

-- name: confirm
-- One more party has confirmed an impact.
insert into agreements.impact_confirmation (name, version, agency, impact, by, confirmed_at, entry, salt)
values (%(name)s, %(version)s, %(agency)s, %(impact)s, %(by)s, %(at)s, %(entry)s, %(salt)s)

-- name: admitted
-- Whether a provider's impact is kept here already.
select true from agreements.impact where agency = %(agency)s and digest = %(digest)s and signature is not null

-- name: admit
-- An impact that a provider took elsewhere.
insert into agreements.impact (id, name, version, agency, by, taken_at, digest, document, signature, salt)
values (%(id)s, %(name)s, %(version)s, %(agency)s, '', %(at)s, %(digest)s, %(document)s, %(signature)s, %(salt)s)
