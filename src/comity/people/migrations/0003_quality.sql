-- Quality in sight: what is held for a person and why, what each model was measured at, which is in force by whose word,
-- and samples of links that people looked at.

create table people.stay (
    source_person uuid not null,
    agency text not null,
    facility text,
    since date not null,
    until date
);
comment on table people.stay is 'When a source person was in prison, as far as linking needs it: nobody is in two prisons at once.';
create index stay_source_person on people.stay (source_person);

create table people.hold (
    hold uuid primary key default gen_random_uuid(),
    a uuid not null,
    b uuid not null check (a < b),
    reason text not null,
    held_at timestamp with time zone not null default now(),
    entry uuid,
    unique (a, b, reason)
);
comment on table people.hold is 'Pairs that would be one person but for a limit, for a person to look at: a projection of edges, judgements and limits.';
create index hold_b on people.hold (b);
create index hold_unentered on people.hold (hold) where entry is null;

alter table people.model add column evaluation jsonb;
comment on column people.model.evaluation is 'What the model was measured at when it was trained: counts and shares, nobody''s id.';
create table people.model_in_force (
    step bigint generated always as identity primary key,
    version text not null references people.model,
    at timestamp with time zone not null,
    put_by text,
    put_at timestamp with time zone not null default now(),
    reason text
);
comment on table people.model_in_force is 'Each time that a model was put in force, by an opaque staff id (none: the first, put by itself). The last one counts.';
insert into people.model_in_force (version, at) select version, trained_at from people.model order by applied;
alter table people.model drop column applied;
comment on table people.model is 'Trained weights. Which is in force is in people.model_in_force.';

create table people.proposal_example (
    version text not null references people.model,
    change text not null check (change in ('joined', 'parted', 'asked', 'unasked', 'judged')),
    a uuid not null,
    b uuid not null check (a < b),
    before double precision,
    after double precision,
    primary key (version, change, a, b)
);
comment on table people.proposal_example is 'Pairs that a proposed model would treat otherwise, for whoever decides on it to look at.';

create table people.sample (
    sample uuid primary key,
    drawn_at timestamp with time zone not null,
    drawn_by text not null,
    model text,
    strata jsonb not null
);
comment on table people.sample is 'Links drawn at random for a person to look at: of each stratum, how many there were.';

create table people.sampled (
    sample uuid not null references people.sample,
    place integer not null,
    stratum text not null,
    a uuid not null,
    b uuid not null check (a < b),
    primary key (sample, place),
    unique (sample, a, b)
);
comment on table people.sampled is 'The pairs of a sample in the order in which they are shown: shuffled, so that the place tells nothing of the score.';

create table people.sample_answer (
    answer bigint generated always as identity primary key,
    sample uuid not null,
    place integer not null,
    said text not null check (said in ('same', 'different', 'cannot tell')),
    said_by text not null,
    said_at timestamp with time zone not null,
    foreign key (sample, place) references people.sampled on delete cascade
);
comment on table people.sample_answer is 'What somebody said of a sampled pair, blind to the score. It decides nothing: to decide is a judgement. The last counts.';
create index sample_answer_of on people.sample_answer (sample, place, answer desc);

grant select, insert, delete on people.stay, people.proposal_example, people.sampled, people.sample_answer
    to comity_intake;
grant select, insert, delete, update (entry) on people.hold to comity_intake;
grant select, insert on people.model_in_force, people.sample to comity_intake;
