-- Witnesses, in both directions (C2SP tlog-witness): who cosigned our heads, and which heads of others we cosigned.

-- A cosignature of one of our heads, as a line of a signed note. A witness may cosign a head again, later.
create table ledger.cosignature (
    size bigint not null check (size > 0),
    witness text not null,                                  -- the name of its key
    key_id bytea not null check (length(key_id) = 4),
    line text not null,
    received_at timestamptz not null,
    primary key (size, witness, key_id, received_at)
);

-- The heads that a quorum of the witnesses in the policy cosigned, with the cosignatures that made it one.
create table ledger.witnessed (
    size bigint primary key check (size > 0),
    note text not null,
    witnessed_at timestamptz not null
);

-- What we cosigned last for each log that we witness. There is no note before the first.
create table ledger.peer (
    origin text primary key,
    size bigint not null default 0 check (size >= 0),
    root bytea not null check (length(root) = 32),
    note text,
    cosigned_at timestamptz
);

-- A witness that let itself be put back would cosign two histories: its memory only moves forward, whoever asks.
create function ledger.refuse_rollback() returns trigger language plpgsql as $$
begin
    if tg_op <> 'UPDATE' or new.origin <> old.origin or new.size < old.size
       or (new.size = old.size and new.root <> old.root) then
        raise exception '% of ledger.peer is refused: what was cosigned stays cosigned', tg_op
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;

create trigger only_forward before update or delete on ledger.peer
    for each row execute function ledger.refuse_rollback();
create trigger only_grows before truncate on ledger.peer
    for each statement execute function ledger.refuse_change();
create trigger only_grows before update or delete or truncate on ledger.cosignature
    for each statement execute function ledger.refuse_change();
create trigger only_grows before update or delete or truncate on ledger.witnessed
    for each statement execute function ledger.refuse_change();

grant select, insert on ledger.cosignature, ledger.witnessed to comity_ledger;
grant select on ledger.cosignature, ledger.witnessed to comity_gate, comity_governance;
-- The pages answer those whom we witness, as the gate's role; what they may write is checked by the trigger above.
grant select, insert, update on ledger.peer to comity_gate;
