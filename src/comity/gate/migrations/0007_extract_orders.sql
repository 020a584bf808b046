-- Extracts that were asked for on a page or by a program, and wait for the worker that makes them.
create table gate.extract_order (
    id uuid primary key,              -- of the log's line and the ledger's entry, once it is made
    agency text not null,
    requester text not null,          -- the staff id that the agency vouches for, opaque here
    role text not null,
    agreement text not null,
    ordered_at timestamptz not null,
    ordered text not null,            -- the whole order, as whoever goes on with it reads it
    state text not null default 'waiting'
        check (state in ('waiting', 'making', 'made', 'refused', 'failed', 'gone')),
    changed_at timestamptz not null,
    attempts smallint not null default 0,
    parts int,                        -- that are to be made, once it was begun
    version int,                      -- of the agreement that let it out
    refusal uuid,                     -- the log's line of a refusal, and what the requester may know of why
    reason text
);
comment on table gate.extract_order is 'Extracts that were asked for, and what became of each.';
create index extract_order_of on gate.extract_order (agency, requester, ordered_at desc);
create index extract_order_open on gate.extract_order (ordered_at) where state in ('waiting', 'making', 'made');

grant select, insert, update (state, changed_at, attempts, parts, version, refusal, reason) on gate.extract_order to comity_gate;
