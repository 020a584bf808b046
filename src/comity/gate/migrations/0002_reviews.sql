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
create index review_that_suspends on gate.review (agreement, due_at) where suspends;

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

grant select, insert on gate.review, gate.review_act to comity_gate;
