-- What is kept of each act of governance, to be laid beside the ledger's entries.

-- name: agreements
-- Each version: its signed bytes, and what stands beside them.
select name, version, canonical, yaml, parties, assessment from agreements.agreement order by name, version

-- name: signatures
-- Each signature, with the bytes that it is under; none if that version is gone.
select s.name || '@' || s.version, s.agency, s.entry, s.salt, s.signed_at, s.name, s.version, s.thumbprint, s.signature, a.canonical
from agreements.signature s left join agreements.agreement a using (name, version)
order by s.name, s.version, s.signed_at, s.agency

-- name: acts
-- Each act upon a version, in the order in which it counts.
select name || '@' || version, agency, entry, salt, at, act, by, reason from agreements.event order by number

-- name: consents
-- Each answer of somebody who was asked for consent, in the order in which it counts.
select name, agency, entry, salt, at, answer, by, reason, person from agreements.consent order by number

-- name: approvals
-- Each assessment that is approved.
select name || '@' || version, entry, salt, approved_at, approved_by, document from agreements.assessment
where status = 'approved' order by name, version

-- name: steps
-- Each signature under a step of an assessment.
select name || '@' || version, agency, entry, salt, signed_at, step, discipline, staff, digest
from agreements.assessment_signature order by number

-- name: confirmations
-- Each confirmation of what would newly be visible, with the digest of what was confirmed.
select c.name || '@' || c.version, c.agency, c.entry, c.salt, c.confirmed_at, c.by, i.digest
from agreements.impact_confirmation c left join agreements.impact i on i.id = c.impact order by c.number

-- name: keys
-- The key that is pinned for each agency.
select agency, public_key, thumbprint from agreements.agency where public_key is not null order by agency
