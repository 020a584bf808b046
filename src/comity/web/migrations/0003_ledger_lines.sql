-- The ledger's lines as they can be searched: read out of the ledger, and read out of it anew if this table is emptied. What an
-- entry says is proven by the ledger alone; this says only where to look. Writing the ledger waits for none of it.
create table web.ledger_line (
    number bigint primary key,
    at timestamp with time zone not null,
    kind text not null,
    act text not null default '',
    agency text not null default '',
    purpose text not null default '',
    agreement text not null default '',          -- its name; every version
    constraint numbered check (number >= 0)
);
comment on table web.ledger_line is 'Where a line of the ledger stands that is of an agency, a purpose, an agreement or an operation.';
create index ledger_line_by_time on web.ledger_line (at);
create index ledger_line_of_kind on web.ledger_line (kind, number);
create index ledger_line_of_agency on web.ledger_line (agency, number);
create index ledger_line_for_purpose on web.ledger_line (purpose, number);
create index ledger_line_under_agreement on web.ledger_line (agreement, number);

grant select, insert on web.ledger_line to comity_governance;
