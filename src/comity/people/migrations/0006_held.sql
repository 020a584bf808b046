-- A question about two persons whom a limit keeps apart says which limit.
alter table people.question add column held text;
-- The walls between agencies bind the owner too: what is said again of everybody takes them down until it is said.
alter table people.membership no force row level security;
update people.question as question
set why = 'held', held = stopped.reason, a = stopped.a, b = stopped.b
from (
    select distinct on (low, high) low, high, a, b, reason
    from (
        select least(x.person, y.person) as low, greatest(x.person, y.person) as high, hold.a, hold.b, hold.reason
        from people.hold as hold
        join people.membership as x on x.source_person = hold.a
        join people.membership as y on y.source_person = hold.b
        where x.person <> y.person
    ) as between
    order by low, high, a, b, reason
) as stopped
where stopped.low = question.low and stopped.high = question.high;
alter table people.membership force row level security;
alter table people.question add constraint question_held check ((why = 'held') = (held is not null));
comment on table people.question is 'Two persons of whom a person must say whether they are one; the nearest pair of records leads, or the pair that a limit stopped.';
