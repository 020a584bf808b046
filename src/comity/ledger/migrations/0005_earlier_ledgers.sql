-- What a renewal sets aside is still this node's account of what was done: it is found, proven, reported and written out as
-- before. One view has the lines of every ledger that the node has had; `ledger` is the number of an earlier one, and null of
-- the one in use.
create function ledger.gather() returns void language plpgsql as $$
begin
    execute 'create or replace view ledger.every_entry with (security_invoker = true) as
             select null::integer as ledger, number, id, body from ledger.entry' || coalesce((
        select string_agg(format(' union all select %s, number, id, body from ledger.%I', aside.number, aside.relname), ''
                          order by aside.number)
        from (select relname, substring(relname from '^entry_([0-9]+)$')::integer as number
              from pg_catalog.pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'r') aside
        where aside.number is not null
    ), '');
end $$;
revoke execute on function ledger.gather from public;
select ledger.gather();
grant select on ledger.every_entry to comity_gate, comity_governance, comity_ledger;

create or replace function ledger.set_aside(number integer) returns void language plpgsql as $$
declare
    relation text;
    relations constant text[] := array['entry', 'tile', 'checkpoint', 'cosignature', 'witnessed'];
begin
    foreach relation in array relations loop
        execute format('alter table ledger.%I rename to %I', relation, relation || '_' || number);
        execute format('create table ledger.%I (like ledger.%I including all)', relation, relation || '_' || number);
        execute format('create trigger only_grows before update or delete or truncate on ledger.%I
                        for each statement execute function ledger.refuse_change()', relation);
        execute format('revoke insert on ledger.%I from comity_ledger', relation || '_' || number);
        execute format('grant select, insert on ledger.%I to comity_ledger', relation);
        execute format('grant select on ledger.%I to comity_gate, comity_governance', relation);
    end loop;
    perform ledger.gather();
end $$;
