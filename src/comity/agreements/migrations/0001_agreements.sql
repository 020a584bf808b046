-- Agreements, their signatures, the acts upon them, their assessments, and the agencies that are their parties.
create schema agreements;
grant usage on schema agreements to comity_governance, comity_gate;

create table agreements.agency (
    agency text primary key check (agency ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(agency) <= 64),
    kind text not null,
    label_en text not null,
    label_nl text not null,
    public_key bytea check (length(public_key) = 32), -- Ed25519, raw; null until the agency has handed one in
    thumbprint text check ((thumbprint is null) = (public_key is null))
);

create table agreements.assessment (
    name text not null,
    version int not null check (version > 0),
    status text not null check (status in ('draft', 'approved')),
    document jsonb not null,
    approved_by text,
    approved_at timestamptz,
    entry uuid,                                       -- of the ledger
    salt bytea check (length(salt) = 16),             -- opens the entry's commitment
    primary key (name, version),
    check ((status = 'approved') = (approved_by is not null and approved_at is not null))
);

create table agreements.agreement (
    name text not null,
    version int not null check (version > 0),
    canonical bytea not null,                         -- what is signed; everything below is read from it or beside it
    yaml text not null,                               -- as proposed, comments and all, for the next version's author
    parties text[] not null,
    assessment text not null,                         -- name@version
    proposed_at timestamptz not null,
    primary key (name, version)
);

create table agreements.signature (
    name text not null,
    version int not null,
    agency text not null references agreements.agency,
    thumbprint text not null,
    signature bytea not null check (length(signature) = 64),
    signed_at timestamptz not null,
    entry uuid not null,
    salt bytea not null check (length(salt) = 16),
    primary key (name, version, agency),
    foreign key (name, version) references agreements.agreement
);

create table agreements.event (
    number bigint generated always as identity primary key,
    name text not null,
    version int not null,
    act text not null check (act in ('suspend', 'resume', 'revoke')),
    agency text not null references agreements.agency,
    by text not null,                                 -- the opaque id of a member of that agency's staff
    at timestamptz not null,
    reason text not null check (reason <> ''),
    entry uuid not null,
    salt bytea not null check (length(salt) = 16),
    foreign key (name, version) references agreements.agreement
);
create index event_of_version on agreements.event (name, version);

-- What was signed, done or approved stays as it was, whoever asks.
create function agreements.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% of agreements.% is refused: what was signed or done stays as it was', tg_op, tg_table_name
        using errcode = 'restrict_violation';
end $$;

create function agreements.refuse_change_once_signed() returns trigger language plpgsql as $$
begin
    if exists (select from agreements.signature s where s.name = old.name and s.version = old.version) then
        raise exception 'Version % of % is signed: propose the next version instead', old.version, old.name
            using errcode = 'restrict_violation';
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end $$;

create function agreements.refuse_change_once_approved() returns trigger language plpgsql as $$
begin
    if old.status = 'approved' then
        raise exception 'Version % of assessment % is approved: propose the next version instead', old.version, old.name
            using errcode = 'restrict_violation';
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end $$;

create trigger signatures_stay before update or delete on agreements.signature
    for each row execute function agreements.refuse_change();
create trigger events_stay before update or delete on agreements.event
    for each row execute function agreements.refuse_change();
create trigger signed_stays before update or delete on agreements.agreement
    for each row execute function agreements.refuse_change_once_signed();
create trigger approved_stays before update or delete on agreements.assessment
    for each row execute function agreements.refuse_change_once_approved();
create trigger signatures_are_not_emptied before truncate on agreements.signature
    for each statement execute function agreements.refuse_change();
create trigger events_are_not_emptied before truncate on agreements.event
    for each statement execute function agreements.refuse_change();
create trigger agreements_are_not_emptied before truncate on agreements.agreement
    for each statement execute function agreements.refuse_change();
create trigger assessments_are_not_emptied before truncate on agreements.assessment
    for each statement execute function agreements.refuse_change();

grant select on all tables in schema agreements to comity_gate, comity_governance;
grant insert on all tables in schema agreements to comity_governance;
grant update (label_en, label_nl, kind, public_key, thumbprint) on agreements.agency to comity_governance;
grant update (canonical, yaml, parties, assessment, proposed_at) on agreements.agreement to comity_governance;
grant update (document, status, approved_by, approved_at, entry, salt) on agreements.assessment to comity_governance;
