-- What statistics may still tell of anybody, per agreement and period, and what was told. Noisy answers alone are kept.
create table gate.privacy_budget (
    agreement text not null,        -- by its name: a new version does not fill it
    starts date not null,
    ends date not null,             -- the day on which the next period begins
    epsilon numeric not null,       -- as the version said under which the period was opened
    delta numeric not null,
    epsilon_spent numeric not null default 0,
    delta_spent numeric not null default 0,
    primary key (agreement, starts),
    check (starts < ends),
    -- The second wall: whatever the program thinks, more than the budget is never spent.
    check (0 <= epsilon_spent and epsilon_spent <= epsilon),
    check (0 <= delta_spent and delta_spent <= delta)
);
comment on table gate.privacy_budget is 'The privacy budget of each agreement and period; what is spent only grows.';

create table gate.statistic (
    disclosure uuid primary key,    -- of the log's line and the ledger's entry
    at timestamptz not null,
    agreement text not null,
    version int not null,
    starts date not null,           -- of the period
    question bytea not null check (length(question) = 32), -- SHA-256 of what was asked of this version
    answer text not null,           -- the numbers with noise, never the exact ones
    epsilon numeric not null check (epsilon >= 0),         -- spent by this answer: 0 if it was told again
    delta numeric not null check (delta >= 0),
    providers text[] not null,      -- whose records were counted
    fields text[] not null,         -- which, as record.field
    foreign key (agreement, starts) references gate.privacy_budget
);
comment on table gate.statistic is 'Each statistic that left: for whoever asks the same again, and for whoever was among those counted.';
create index statistic_question on gate.statistic (agreement, starts, question, at);

create function gate.refuse_refill() returns trigger language plpgsql as $$
begin
    if new.epsilon_spent < old.epsilon_spent or new.delta_spent < old.delta_spent then
        raise exception 'a privacy budget is never given back' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger only_spent before update on gate.privacy_budget
    for each row execute function gate.refuse_refill();
create trigger stays before delete or truncate on gate.privacy_budget
    for each statement execute function gate.refuse_change();
create trigger only_grows before update or delete or truncate on gate.statistic
    for each statement execute function gate.refuse_change();

grant select, insert on gate.privacy_budget, gate.statistic to comity_gate;
grant update (epsilon_spent, delta_spent) on gate.privacy_budget to comity_gate;
