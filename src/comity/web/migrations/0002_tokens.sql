-- Tokens with which programs ask in the name of a colleague or a service account, over the REST API.
create table web.token (
    token uuid primary key,
    digest bytea not null unique check (octet_length(digest) = 32),
    colleague text not null references web.colleague on delete cascade,
    issued_at timestamp with time zone not null,
    valid_until timestamp with time zone not null,
    revoked_at timestamp with time zone,
    check (valid_until > issued_at)
);
comment on table web.token is 'Bearer tokens of the REST API. Only a digest is kept: a copy of this table opens nothing.';

grant select, insert, update, delete on web.token to comity_governance;
