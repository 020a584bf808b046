-- Assessments as several people work on them at once: what each changed, and which part each discipline signed.
create table agreements.assessment_work (
    name text not null check (name ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(name) <= 64),
    version int not null check (version > 0),
    begun_at timestamptz not null,
    primary key (name, version)
);

create table agreements.assessment_change (
    name text not null,
    version int not null,
    number int not null check (number > 0),           -- counted from 1 in each assessment
    path text not null check (length(path) <= 200),
    before jsonb,                                     -- what its author saw; null: nothing
    after jsonb,                                      -- {"value": ..., "confidential": ...}; null: taken away
    based_on int not null check (based_on >= 0 and based_on < number),
    resolves boolean not null,
    staff text not null check (length(staff) between 1 and 64), -- the opaque id of a member of that agency's staff
    agency text not null references agreements.agency,
    discipline text not null check (discipline in ('operational', 'legal', 'privacy', 'security')),
    at timestamptz not null,
    primary key (name, version, number),
    foreign key (name, version) references agreements.assessment_work
);

create table agreements.assessment_signature (
    number bigint generated always as identity primary key,
    name text not null,
    version int not null,
    step text not null check (step in ('process', 'lawfulness', 'risks', 'measures')),
    discipline text not null check (discipline in ('operational', 'legal', 'privacy', 'security')),
    agency text not null references agreements.agency,
    staff text not null check (length(staff) between 1 and 64),
    revision int not null check (revision > 0),       -- of the document as it was signed
    digest bytea not null check (length(digest) = 32),
    signed_at timestamptz not null,
    entry uuid not null,                              -- of the ledger
    salt bytea not null check (length(salt) = 16),
    foreign key (name, version) references agreements.assessment_work
);
create index signature_of_assessment on agreements.assessment_signature (name, version);

create function agreements.refuse_work_once_approved() returns trigger language plpgsql as $$
begin
    if exists (
        select from agreements.assessment a
        where a.name = new.name and a.version = new.version and a.status = 'approved'
    ) then
        raise exception 'Version % of assessment % is approved: begin the next version instead', new.version, new.name
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;

create trigger changes_end_with_approval before insert on agreements.assessment_change
    for each row execute function agreements.refuse_work_once_approved();
create trigger signing_ends_with_approval before insert on agreements.assessment_signature
    for each row execute function agreements.refuse_work_once_approved();
create trigger work_stays before update or delete on agreements.assessment_work
    for each row execute function agreements.refuse_change();
create trigger changes_stay before update or delete on agreements.assessment_change
    for each row execute function agreements.refuse_change();
create trigger step_signatures_stay before update or delete on agreements.assessment_signature
    for each row execute function agreements.refuse_change();
create trigger work_is_not_emptied before truncate on agreements.assessment_work
    for each statement execute function agreements.refuse_change();
create trigger changes_are_not_emptied before truncate on agreements.assessment_change
    for each statement execute function agreements.refuse_change();
create trigger step_signatures_are_not_emptied before truncate on agreements.assessment_signature
    for each statement execute function agreements.refuse_change();

-- The right to update one column is what `select ... for update` asks for, so that two edits come one after the other; the
-- trigger above refuses the update itself.
grant select, insert on agreements.assessment_work, agreements.assessment_change, agreements.assessment_signature
    to comity_governance;
grant update (begun_at) on agreements.assessment_work to comity_governance;
