-- A ledger whose database was put back to an older day goes on under a new name: the tables of the old one are set aside,
-- whole and still only readable, and empty ones take their place. Only the owner can, and only `comity ledger renew` does.
create function ledger.set_aside(number integer) returns void language plpgsql as $$
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
end $$;
revoke execute on function ledger.set_aside from public;
