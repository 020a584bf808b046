-- name: begin
-- An assessment that is worked on from now on; one that is already stays as it is.
insert into agreements.assessment_work (name, version, begun_at) values (%(name)s, %(version)s, %(at)s)
on conflict do nothing;

-- name: worked_on
-- Every assessment that is worked on in four steps, the newest first.
select name, version from agreements.assessment_work order by begun_at desc, name, version desc;

-- name: lock
-- The assessment held still until the transaction ends, so that two edits come one after the other.
select true from agreements.assessment_work where name = %(name)s and version = %(version)s for update;

-- name: status
-- Whether it is worked on, and its status once it was proposed for approval.
select w.name, a.status from agreements.assessment_work w
left join agreements.assessment a using (name, version)
where w.name = %(name)s and w.version = %(version)s;

-- name: approval
-- When an assessment that was worked on in four steps was approved, and by which entry of the ledger.
select a.approved_at, a.entry from agreements.assessment_work w
join agreements.assessment a using (name, version)
where w.name = %(name)s and w.version = %(version)s and a.status = 'approved';

-- name: plain_status
-- The status of an assessment of that version, worked on in four steps or not.
select status from agreements.assessment where name = %(name)s and version = %(version)s;

-- name: changes
-- Every change of an assessment, oldest first.
select number, path, before, after, based_on, resolves, staff, agency, discipline, at
from agreements.assessment_change where name = %(name)s and version = %(version)s order by number;

-- name: add_change
-- One more change.
insert into agreements.assessment_change
    (name, version, number, path, before, after, based_on, resolves, staff, agency, discipline, at)
values (%(name)s, %(version)s, %(number)s, %(path)s, %(before)s, %(after)s, %(based_on)s, %(resolves)s,
    %(staff)s, %(agency)s, %(discipline)s, %(at)s);

-- name: signatures
-- Every signature under a step, void ones too, oldest first.
select step, discipline, agency, staff, revision, digest, signed_at
from agreements.assessment_signature where name = %(name)s and version = %(version)s order by number;

-- name: add_signature
-- One discipline's signature under one step.
insert into agreements.assessment_signature
    (name, version, step, discipline, agency, staff, revision, digest, signed_at, entry, salt)
values (%(name)s, %(version)s, %(step)s, %(discipline)s, %(agency)s, %(staff)s, %(revision)s, %(digest)s, %(at)s,
    %(entry)s, %(salt)s);
