-- name: kept
-- Each version of one agreement (or of all, without a name), with all that its standing depends on.
select a.name, a.version, a.canonical, a.assessment, x.status,
       s.agencies, s.thumbprints, s.signatures, s.moments,
       e.acts, e.agencies, e.moments,
       p.agencies, p.kinds, p.english, p.dutch, p.keys
from agreements.agreement a
left join agreements.assessment x on x.name || '@' || x.version = a.assessment
left join lateral (
    select array_agg(it.agency) as agencies, array_agg(it.thumbprint) as thumbprints,
           array_agg(it.signature) as signatures, array_agg(it.signed_at) as moments
    from (
        select agency, thumbprint, signature, signed_at from agreements.signature
        where name = a.name and version = a.version order by agency, signed_at, thumbprint
    ) it
) s on true
left join lateral (
    select array_agg(act order by number) as acts, array_agg(agency order by number) as agencies,
           array_agg(at order by number) as moments
    from agreements.event where name = a.name and version = a.version
) e on true
left join lateral (
    select array_agg(agency order by agency) as agencies, array_agg(kind order by agency) as kinds,
           array_agg(label_en order by agency) as english, array_agg(label_nl order by agency) as dutch,
           array_agg(public_key order by agency) as keys
    from agreements.agency where agency = any(a.parties)
) p on true
where %(name)s::text is null or a.name = %(name)s
order by a.name, a.version;

-- name: agencies
-- Each agency that this node knows.
select agency, kind, label_en, label_nl, public_key from agreements.agency order by agency;

-- name: add_agency
-- A new agency, without a key; one that is known gets the new words and keeps its key.
insert into agreements.agency (agency, kind, label_en, label_nl)
values (%(agency)s, %(kind)s, %(en)s, %(nl)s)
on conflict (agency) do update set kind = excluded.kind, label_en = excluded.label_en, label_nl = excluded.label_nl;

-- name: lock_kind
-- What kind of agency it is, held still until the transaction ends.
select kind from agreements.agency where agency = %(agency)s for update;

-- name: lock_key
-- An agency's key, held still until the transaction ends.
select public_key from agreements.agency where agency = %(agency)s for update;

-- name: has_key
-- The agency that is known by this key, if any is.
select agency from agreements.agency where public_key = %(public_key)s;

-- name: pin_key
-- From now on the agency is known by this key.
update agreements.agency set public_key = %(public_key)s, thumbprint = %(thumbprint)s where agency = %(agency)s;

-- name: lock_agreement
-- A version's bytes and parties, held still until the transaction ends.
select canonical, parties from agreements.agreement where name = %(name)s and version = %(version)s for update;

-- name: signed
-- Whether any party has signed a version.
select exists (select from agreements.signature where name = %(name)s and version = %(version)s);

-- name: propose
-- A draft: new, or in the place of the draft of the same version.
insert into agreements.agreement (name, version, canonical, yaml, parties, assessment, proposed_at)
values (%(name)s, %(version)s, %(canonical)s, %(yaml)s, %(parties)s, %(assessment)s, %(at)s)
on conflict (name, version) do update set
    canonical = excluded.canonical, yaml = excluded.yaml, parties = excluded.parties,
    assessment = excluded.assessment, proposed_at = excluded.proposed_at;

-- name: text
-- A version's bytes, and its text as it was proposed.
select canonical, yaml from agreements.agreement where name = %(name)s and version = %(version)s;

-- name: add_signature
-- One party's signature, once with each key that was pinned for it.
insert into agreements.signature (name, version, agency, thumbprint, signature, signed_at, entry, salt)
values (%(name)s, %(version)s, %(agency)s, %(thumbprint)s, %(signature)s, %(at)s, %(entry)s, %(salt)s)
on conflict do nothing;

-- name: signatures
-- Every signature under every version.
select name, version, agency, thumbprint, signature, signed_at from agreements.signature
order by name, version, agency, signed_at, thumbprint;

-- name: signatures_under
-- The signatures under a version, in the order in which they were given.
select agency, thumbprint, signature, signed_at from agreements.signature
where name = %(name)s and version = %(version)s order by signed_at, agency;

-- name: acts
-- The acts upon a version, in their order, with who did each and why.
select act, agency, at, by, reason from agreements.event
where name = %(name)s and version = %(version)s order by number;

-- name: events
-- The acts upon a version, in the order in which they were done.
select act, agency, at from agreements.event where name = %(name)s and version = %(version)s order by number;

-- name: add_event
-- One more act upon a version.
insert into agreements.event (name, version, act, agency, by, at, reason, entry, salt)
values (%(name)s, %(version)s, %(act)s, %(agency)s, %(by)s, %(at)s, %(reason)s, %(entry)s, %(salt)s);

-- name: lock_assessment
-- An assessment's status and text, held still until the transaction ends.
select status, document from agreements.assessment where name = %(name)s and version = %(version)s for update;

-- name: is_worked_on
-- A row if the assessment is being worked on in four steps.
select true from agreements.assessment_work where name = %(name)s and version = %(version)s;

-- name: propose_assessment
-- A draft of an assessment: new, or in the place of the draft of the same version.
insert into agreements.assessment (name, version, status, document)
values (%(name)s, %(version)s, 'draft', %(document)s)
on conflict (name, version) do update set document = excluded.document;

-- name: approve_assessment
-- From now on the assessment is approved, and stays as it is.
update agreements.assessment
set status = 'approved', approved_by = %(by)s, approved_at = %(at)s, entry = %(entry)s, salt = %(salt)s
where name = %(name)s and version = %(version)s;

-- name: add_consent
-- One more answer of somebody who was asked for consent.
insert into agreements.consent (name, person, answer, agency, by, at, reason, entry, salt)
values (%(name)s, %(person)s, %(answer)s, %(agency)s, %(by)s, %(at)s, %(reason)s, %(entry)s, %(salt)s);
