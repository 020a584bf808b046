-- Who is told that records they were shown as of one person are not, whatever parted them: a decision, a model or a source.
alter table gate.parting alter column judgement drop not null;
alter table gate.parting add column cause text not null default 'decision';
alter table gate.parting alter column cause drop default;
alter table gate.parting add constraint parting_cause check (cause in ('decision', 'model', 'source'));
alter table gate.parting add constraint parting_decision check ((judgement is not null) = (cause = 'decision'));
-- A model may part thousands whom nobody was ever shown as one: of these nobody is told, and no entry says so.
alter table gate.parting alter column id drop not null;
alter table gate.parting alter column digest drop not null;
alter table gate.parting alter column salt drop not null;
alter table gate.parting add constraint parting_entered
    check (num_nulls(id, digest, salt) = 0 or (cause <> 'decision' and num_nulls(id, digest, salt) = 3));
create index parting_at on gate.parting (at desc) where cause <> 'decision' and id is not null;
comment on table gate.parting is 'Each person that came apart, once everybody who received something meanwhile was told.';
comment on table gate.parted_use is 'Each disclosure that rested on a link which is no more: whoever made it was told, once.';
