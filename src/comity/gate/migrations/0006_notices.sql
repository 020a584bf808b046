-- Who is kept told of whom, and what they were told: of which types of record how many rows were new, never what they say.
create table gate.subscription (
    id uuid primary key,             -- of the log's line that it was asked by
    agency text not null,
    requester text not null,         -- the staff id that the agency vouches for, opaque here
    role text not null,
    agreement text not null,
    purpose text not null,
    person uuid not null,
    case_reference text not null,
    justification text not null,
    since timestamptz not null
);
comment on table gate.subscription is 'Who asked to be told of what is new about whom, and why.';
create index subscription_of on gate.subscription (agency, requester);

create table gate.subscription_end (
    subscription uuid primary key references gate.subscription,
    at timestamptz not null,
    reason text                      -- of the refusal that ended it; null if the subscriber did
);
comment on table gate.subscription_end is 'Which subscriptions are over, and why.';

create table gate.notice (
    id uuid primary key,             -- of the log's line, and of the ledger's entry
    subscription uuid not null references gate.subscription,
    number bigint generated always as identity unique,
    at timestamptz not null,
    version int not null,            -- of the agreement
    clauses smallint[] not null,
    records text[] not null,         -- types of record, and how many rows of each were new
    counts int[] not null,
    check (cardinality(records) = cardinality(counts) and cardinality(records) > 0)
);
comment on table gate.notice is 'What a subscriber was told: types of record and counts.';
create index notice_of on gate.notice (subscription, number desc);

-- Ids alone. That a row is told of once is this key: a second notice of it fails whole.
create table gate.told (
    subscription uuid not null,
    record_id uuid not null,
    received_at timestamptz not null,
    primary key (subscription, record_id, received_at)
);
comment on table gate.told is 'Of which rows a subscriber has been told.';

create trigger only_grows before update or delete or truncate on gate.subscription
    for each statement execute function gate.refuse_change();
create trigger only_grows before update or delete or truncate on gate.subscription_end
    for each statement execute function gate.refuse_change();
create trigger only_grows before update or delete or truncate on gate.notice
    for each statement execute function gate.refuse_change();
create trigger only_grows before update or delete or truncate on gate.told
    for each statement execute function gate.refuse_change();

grant select, insert on gate.subscription, gate.subscription_end, gate.notice, gate.told to comity_gate;

-- What was received lately is found without reading what was received ever; it grows at its end alone.
create index received_person on record."person" ("received_at");
create index received_incident on record."incident" ("received_at");
create index received_involvement on record."involvement" ("received_at");
create index received_case on record."case" ("received_at");
create index received_charge on record."charge" ("received_at");
create index received_hearing on record."hearing" ("received_at");
create index received_order on record."order" ("received_at");
create index received_custody on record."custody" ("received_at");
create index received_supervision on record."supervision" ("received_at");
create index received_assessment on record."assessment" ("received_at");
create index received_contact on record."contact" ("received_at");
create index received_document on record."document" ("received_at");
