-- What has to be looked at afterwards, by whom and by when, and what they found. A review is written by the statement
-- that discloses, as its log line is; an act of a reviewer is appended; neither is ever changed.
create table gate.review (
    disclosure uuid primary key,     -- the line of the log that it is about
    agreement text not null,
    version int not null,
    at timestamptz not null,         -- by the database's clock, as is whether it is overdue
    due_at timestamptz not null,
    roles text[] not null,           -- who may do it: one of these roles at one of these agencies
    agencies text[] not null,
    notice boolean not null,         -- they are told at once
    suspends boolean not null,       -- while it is overdue nothing more is released under the agreement
    clauses smallint[] not null,     -- what left: clauses of the agreement's version, and how many rows under each
    counts int[] not null,
    check (cardinality(clauses) = cardinality(counts))
);
comment on table gate.review is 'Each use that somebody has to look at afterwards.';

create table gate.review_act (
    number bigint generated always as identity primary key,
    review uuid not null references gate.review,
    outcome text not null check (outcome in ('justified', 'not-justified', 'needs-more', 'explained')),
    agency text not null,
    by text not null,                -- the staff id that the agency vouches for, opaque here
    role text not null,
    at timestamptz not null,
    reason text not null check (reason ~ '\S'),
    entry uuid not null unique,      -- of the ledger
    salt bytea not null check (length(salt) = 16)
);
comment on table gate.review_act is 'What a reviewer found, and what whoever asked said when asked for more.';
create index act_of_review on gate.review_act (review);
-- Two reviewers at one moment do not both close it.
create unique index closed_once on gate.review_act (review) where outcome in ('justified', 'not-justified');

create trigger only_grows before update or delete or truncate on gate.review
    for each statement execute function gate.refuse_change();
create trigger only_grows before update or delete or truncate on gate.review_act
    for each statement execute function gate.refuse_change();

-- The reviews that are open, kept beside the record of them so that looking for what is overdue costs what is open and not
-- what ever was. It follows from the other two tables and cannot be made to differ: a row goes only once its review is closed.
create table gate.review_open (
    disclosure uuid primary key,
    agreement text not null,
    due_at timestamptz not null,
    suspends boolean not null
);
comment on table gate.review_open is 'Which reviews are open; derived.';
create index open_that_suspends on gate.review_open (agreement, due_at) where suspends;

create function gate.open_review() returns trigger language plpgsql as $$
begin
    insert into gate.review_open (disclosure, agreement, due_at, suspends)
    values (new.disclosure, new.agreement, new.due_at, new.suspends);
    return null;
end $$;
create trigger is_open after insert on gate.review for each row execute function gate.open_review();

create function gate.close_review() returns trigger language plpgsql as $$
begin
    delete from gate.review_open where disclosure = new.review;
    return null;
end $$;
create trigger is_closed after insert on gate.review_act
    for each row when (new.outcome in ('justified', 'not-justified')) execute function gate.close_review();

create function gate.refuse_forgetting() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and exists (
        select from gate.review_act where review = old.disclosure and outcome in ('justified', 'not-justified')
    ) then
        return old;
    end if;
    raise exception '% of gate.review_open is refused: the review is open', tg_op using errcode = 'restrict_violation';
end $$;
create trigger stays_open before update or delete on gate.review_open
    for each row execute function gate.refuse_forgetting();
create trigger stays_whole before truncate on gate.review_open
    for each statement execute function gate.refuse_change();

grant select, insert on gate.review, gate.review_act to comity_gate;
grant select, insert, delete on gate.review_open to comity_gate;
