-- Not only decisions part people: a new model does, and so does what a source corrects or withdraws.
alter table people.parted alter column judgement drop not null;
alter table people.parted add column cause text not null default 'decision';
alter table people.parted alter column cause drop default;
alter table people.parted add constraint parted_cause check (cause in ('decision', 'model', 'source'));
alter table people.parted add constraint parted_decision check ((judgement is not null) = (cause = 'decision'));
comment on table people.parted is 'Who was in a person that came apart, by what, who is in which since, and since when the parts had been one: what was disclosed meanwhile rested on it.';
