-- The oldest head without a quorum is the smallest above the largest that has one, which the key finds at once. The smallest
-- time among them all had to be looked for in every head there is, where nobody witnesses: each second, before data leave.
create or replace function ledger.ages()
returns table (unsequenced double precision, unsequenced_limit int, unwitnessed double precision, unwitnessed_limit int)
language sql stable as $$
    select
        coalesce(abs(extract(epoch from clock_timestamp() - (select min(o.queued_at) from ledger.outbox o))), 0)::double precision,
        newest.unsequenced,
        coalesce(abs(extract(epoch from clock_timestamp() - (
            select c.signed_at from ledger.checkpoint c
            where c.size > coalesce((select max(w.size) from ledger.witnessed w), 0) order by c.size limit 1
        ))), 0)::double precision,
        newest.unwitnessed
    from ledger.age_limit newest order by newest.number desc limit 1
$$;
