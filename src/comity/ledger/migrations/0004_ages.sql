-- How far the ledger is behind, and how far it may be before nothing leaves any more.

-- How old what waits may be, in seconds; null is no limit. The newest row counts, and the older ones stay to be read.
create table ledger.age_limit (
    number bigint generated always as identity primary key,
    at timestamptz not null default now(),
    unsequenced int check (unsequenced > 0),
    unwitnessed int check (unwitnessed > 0)
);
insert into ledger.age_limit (unsequenced, unwitnessed) values (300, null);

create trigger only_grows before update or delete or truncate on ledger.age_limit
    for each statement execute function ledger.refuse_change();

-- The ages and their limits, in seconds: of the oldest act that has no number, and of the oldest head that no quorum vouches
-- for. A clock that was set back makes an age negative: how far it is from now is what counts, so that what waits does not look
-- new for as long as the clock went back. Whoever discloses may read when something was queued, and nothing else of it.
create function ledger.ages()
returns table (unsequenced double precision, unsequenced_limit int, unwitnessed double precision, unwitnessed_limit int)
language sql stable as $$
    select
        coalesce(abs(extract(epoch from clock_timestamp() - (select min(o.queued_at) from ledger.outbox o))), 0)::double precision,
        newest.unsequenced,
        coalesce(abs(extract(epoch from clock_timestamp() - (
            select min(c.signed_at) from ledger.checkpoint c
            where c.size > coalesce((select max(w.size) from ledger.witnessed w), 0)
        ))), 0)::double precision,
        newest.unwitnessed
    from ledger.age_limit newest order by newest.number desc limit 1
$$;
grant execute on function ledger.ages() to comity_gate, comity_ledger;
grant select (queued_at) on ledger.outbox to comity_gate;
grant select on ledger.age_limit to comity_gate, comity_ledger;
