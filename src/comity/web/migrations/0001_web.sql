-- Who may sign in, and the letters with which a person concerned may. Roles are read at each request, so that a role
-- taken away ends at once.
create schema web;
grant usage on schema web to comity_governance;

create table web.colleague (
    colleague text primary key,
    name text not null,
    agency text not null references agreements.agency,
    role text not null,
    language text not null check (language in ('en', 'nl')),
    demonstration boolean not null default false
);
comment on table web.colleague is 'People who work at an agency. Those of a demonstration sign in without a secret, on this machine alone.';

create table web.letter (
    letter uuid primary key,
    code_digest bytea not null unique check (octet_length(code_digest) = 32),
    person uuid not null,
    sent_at timestamp with time zone not null,
    valid_until timestamp with time zone not null
);
comment on table web.letter is 'A letter with a code, sent to a person so that they can see who used their data. Only a digest of the code is kept.';

grant select, insert, update, delete on web.colleague, web.letter to comity_governance;
