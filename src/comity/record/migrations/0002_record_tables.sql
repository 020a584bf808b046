-- Made from the vocabulary by `python -m comity.record`. Change the vocabulary, and make it again.

create table record."person" (
    "record_id" uuid not null,
    "statement_id" uuid not null,
    "source_person" uuid,
    "agency" text not null,
    "source" text not null,
    "source_key" text not null,
    "whose" text not null,
    "asserted" text not null,
    "received_at" timestamp with time zone not null,
    "name" text,
    "given_names" text,
    "family_name" text,
    "alias_names" text,
    "birth_date" date,
    "sex" text,
    "gender" text,
    "ethnicity" text,
    "nationality" text,
    "language" text,
    "disability" text,
    "address" text,
    "postcode" text,
    "protected_address" bytea,
    "protected_address_blind" bytea,
    "safe_contact" bytea,
    "safe_contact_blind" bytea,
    "phone" text,
    "email" text,
    "police_number" text,
    "court_number" text,
    "prison_number" text,
    "probation_number" text,
    "national_number" bytea,
    "national_number_blind" bytea,
    "died_on" date,
    primary key (record_id),
    check (asserted in ('fact', 'opinion'))
);
create index on record."person" ("source_person");
create index on record."person" ("statement_id");
create index on record."person" ("protected_address_blind");
create index on record."person" ("safe_contact_blind");
create index on record."person" ("national_number_blind");
alter table record."person" enable row level security;
alter table record."person" force row level security;
create policy gate_reads_in_a_disclosure on record."person" for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy intake_keeps on record."person" for all to comity_intake using (true) with check (true);
grant select on record."person" to comity_gate;
grant select, insert, update, delete on record."person" to comity_intake;

create table record."incident" (
    "record_id" uuid not null,
    "statement_id" uuid not null,
    "source_person" uuid,
    "agency" text not null,
    "source" text not null,
    "source_key" text not null,
    "whose" text not null,
    "asserted" text not null,
    "received_at" timestamp with time zone not null,
    "incident_number" text,
    "kind" text,
    "occurred_on" date,
    "reported_on" date,
    "place" text,
    "postcode" text,
    "description" text,
    "domestic" boolean,
    "risk_score" bigint,
    "referred_on" date,
    "status" text,
    primary key (record_id),
    check (asserted in ('fact', 'opinion'))
);
create index on record."incident" ("source_person");
create index on record."incident" ("statement_id");
alter table record."incident" enable row level security;
alter table record."incident" force row level security;
create policy gate_reads_in_a_disclosure on record."incident" for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy intake_keeps on record."incident" for all to comity_intake using (true) with check (true);
grant select on record."incident" to comity_gate;
grant select, insert, update, delete on record."incident" to comity_intake;

create table record."involvement" (
    "record_id" uuid not null,
    "statement_id" uuid not null,
    "source_person" uuid,
    "agency" text not null,
    "source" text not null,
    "source_key" text not null,
    "whose" text not null,
    "asserted" text not null,
    "received_at" timestamp with time zone not null,
    "incident" uuid,
    "case" uuid,
    "role" text,
    "relationship" text,
    "since" date,
    "until" date,
    primary key (record_id),
    check (asserted in ('fact', 'opinion'))
);
create index on record."involvement" ("source_person");
create index on record."involvement" ("statement_id");
create index on record."involvement" ("incident");
create index on record."involvement" ("case");
alter table record."involvement" enable row level security;
alter table record."involvement" force row level security;
create policy gate_reads_in_a_disclosure on record."involvement" for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy intake_keeps on record."involvement" for all to comity_intake using (true) with check (true);
grant select on record."involvement" to comity_gate;
grant select, insert, update, delete on record."involvement" to comity_intake;

create table record."case" (
    "record_id" uuid not null,
    "statement_id" uuid not null,
    "source_person" uuid,
    "agency" text not null,
    "source" text not null,
    "source_key" text not null,
    "whose" text not null,
    "asserted" text not null,
    "received_at" timestamp with time zone not null,
    "case_number" text,
    "common_reference" text,
    "incident" uuid,
    "kind" text,
    "stage" text,
    "opened_on" date,
    "closed_on" date,
    "outcome" text,
    "court" text,
    primary key (record_id),
    check (asserted in ('fact', 'opinion'))
);
create index on record."case" ("source_person");
create index on record."case" ("statement_id");
create index on record."case" ("incident");
create index on record."case" ("case_number");
create index on record."case" ("common_reference");
alter table record."case" enable row level security;
alter table record."case" force row level security;
create policy gate_reads_in_a_disclosure on record."case" for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy intake_keeps on record."case" for all to comity_intake using (true) with check (true);
grant select on record."case" to comity_gate;
grant select, insert, update, delete on record."case" to comity_intake;

create table record."charge" (
    "record_id" uuid not null,
    "statement_id" uuid not null,
    "source_person" uuid,
    "agency" text not null,
    "source" text not null,
    "source_key" text not null,
    "whose" text not null,
    "asserted" text not null,
    "received_at" timestamp with time zone not null,
    "case" uuid,
    "incident" uuid,
    "offence" text,
    "offence_code" text,
    "severity" text,
    "degree" text,
    "offence_on" date,
    "charged_on" date,
    "arrested_on" date,
    "status" text,
    "plea" text,
    "verdict" text,
    "disposed_on" date,
    "sentence" text,
    "spent" boolean,
    primary key (record_id),
    check (asserted in ('fact', 'opinion'))
);
create index on record."charge" ("source_person");
create index on record."charge" ("statement_id");
create index on record."charge" ("case");
create index on record."charge" ("incident");
alter table record."charge" enable row level security;
alter table record."charge" force row level security;
create policy gate_reads_in_a_disclosure on record."charge" for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy intake_keeps on record."charge" for all to comity_intake using (true) with check (true);
grant select on record."charge" to comity_gate;
grant select, insert, update, delete on record."charge" to comity_intake;

create table record."hearing" (
    "record_id" uuid not null,
    "statement_id" uuid not null,
    "source_person" uuid,
    "agency" text not null,
    "source" text not null,
    "source_key" text not null,
    "whose" text not null,
    "asserted" text not null,
    "received_at" timestamp with time zone not null,
    "case" uuid,
    "kind" text,
    "court" text,
    "room" text,
    "starts_on" date,
    "starts_at" timestamp with time zone,
    "status" text,
    "outcome" text,
    "reason" text,
    primary key (record_id),
    check (asserted in ('fact', 'opinion'))
);
create index on record."hearing" ("source_person");
create index on record."hearing" ("statement_id");
create index on record."hearing" ("case");
alter table record."hearing" enable row level security;
alter table record."hearing" force row level security;
create policy gate_reads_in_a_disclosure on record."hearing" for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy intake_keeps on record."hearing" for all to comity_intake using (true) with check (true);
grant select on record."hearing" to comity_gate;
grant select, insert, update, delete on record."hearing" to comity_intake;

create table record."order" (
    "record_id" uuid not null,
    "statement_id" uuid not null,
    "source_person" uuid,
    "agency" text not null,
    "source" text not null,
    "source_key" text not null,
    "whose" text not null,
    "asserted" text not null,
    "received_at" timestamp with time zone not null,
    "case" uuid,
    "kind" text,
    "made_on" date,
    "starts_on" date,
    "ends_on" date,
    "conditions" text,
    "status" text,
    primary key (record_id),
    check (asserted in ('fact', 'opinion'))
);
create index on record."order" ("source_person");
create index on record."order" ("statement_id");
create index on record."order" ("case");
alter table record."order" enable row level security;
alter table record."order" force row level security;
create policy gate_reads_in_a_disclosure on record."order" for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy intake_keeps on record."order" for all to comity_intake using (true) with check (true);
grant select on record."order" to comity_gate;
grant select, insert, update, delete on record."order" to comity_intake;

create table record."custody" (
    "record_id" uuid not null,
    "statement_id" uuid not null,
    "source_person" uuid,
    "agency" text not null,
    "source" text not null,
    "source_key" text not null,
    "whose" text not null,
    "asserted" text not null,
    "received_at" timestamp with time zone not null,
    "case" uuid,
    "kind" text,
    "facility" text,
    "received_on" date,
    "reception_at" timestamp with time zone,
    "released_on" date,
    "released_at" timestamp with time zone,
    "release_due_on" date,
    "reason" text,
    primary key (record_id),
    check (asserted in ('fact', 'opinion'))
);
create index on record."custody" ("source_person");
create index on record."custody" ("statement_id");
create index on record."custody" ("case");
alter table record."custody" enable row level security;
alter table record."custody" force row level security;
create policy gate_reads_in_a_disclosure on record."custody" for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy intake_keeps on record."custody" for all to comity_intake using (true) with check (true);
grant select on record."custody" to comity_gate;
grant select, insert, update, delete on record."custody" to comity_intake;

create table record."supervision" (
    "record_id" uuid not null,
    "statement_id" uuid not null,
    "source_person" uuid,
    "agency" text not null,
    "source" text not null,
    "source_key" text not null,
    "whose" text not null,
    "asserted" text not null,
    "received_at" timestamp with time zone not null,
    "case" uuid,
    "kind" text,
    "starts_on" date,
    "ends_on" date,
    "office" text,
    "officer" text,
    "conditions" text,
    "status" text,
    "appointment_on" date,
    "appointments_kept" bigint,
    "appointments_missed" bigint,
    primary key (record_id),
    check (asserted in ('fact', 'opinion'))
);
create index on record."supervision" ("source_person");
create index on record."supervision" ("statement_id");
create index on record."supervision" ("case");
alter table record."supervision" enable row level security;
alter table record."supervision" force row level security;
create policy gate_reads_in_a_disclosure on record."supervision" for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy intake_keeps on record."supervision" for all to comity_intake using (true) with check (true);
grant select on record."supervision" to comity_gate;
grant select, insert, update, delete on record."supervision" to comity_intake;

create table record."assessment" (
    "record_id" uuid not null,
    "statement_id" uuid not null,
    "source_person" uuid,
    "agency" text not null,
    "source" text not null,
    "source_key" text not null,
    "whose" text not null,
    "asserted" text not null,
    "received_at" timestamp with time zone not null,
    "case" uuid,
    "incident" uuid,
    "instrument" text,
    "assessed_on" date,
    "score" bigint,
    "band" text,
    "summary" text,
    primary key (record_id),
    check (asserted in ('fact', 'opinion'))
);
create index on record."assessment" ("source_person");
create index on record."assessment" ("statement_id");
create index on record."assessment" ("case");
create index on record."assessment" ("incident");
alter table record."assessment" enable row level security;
alter table record."assessment" force row level security;
create policy gate_reads_in_a_disclosure on record."assessment" for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy intake_keeps on record."assessment" for all to comity_intake using (true) with check (true);
grant select on record."assessment" to comity_gate;
grant select, insert, update, delete on record."assessment" to comity_intake;

create table record."contact" (
    "record_id" uuid not null,
    "statement_id" uuid not null,
    "source_person" uuid,
    "agency" text not null,
    "source" text not null,
    "source_key" text not null,
    "whose" text not null,
    "asserted" text not null,
    "received_at" timestamp with time zone not null,
    "case" uuid,
    "kind" text,
    "topic" text,
    "made_on" date,
    "outcome" text,
    "due_on" date,
    "note" text,
    primary key (record_id),
    check (asserted in ('fact', 'opinion'))
);
create index on record."contact" ("source_person");
create index on record."contact" ("statement_id");
create index on record."contact" ("case");
alter table record."contact" enable row level security;
alter table record."contact" force row level security;
create policy gate_reads_in_a_disclosure on record."contact" for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy intake_keeps on record."contact" for all to comity_intake using (true) with check (true);
grant select on record."contact" to comity_gate;
grant select, insert, update, delete on record."contact" to comity_intake;

create table record."document" (
    "record_id" uuid not null,
    "statement_id" uuid not null,
    "source_person" uuid,
    "agency" text not null,
    "source" text not null,
    "source_key" text not null,
    "whose" text not null,
    "asserted" text not null,
    "received_at" timestamp with time zone not null,
    "case" uuid,
    "kind" text,
    "title" text,
    "reference" text,
    "issued_on" date,
    "media_type" text,
    primary key (record_id),
    check (asserted in ('fact', 'opinion'))
);
create index on record."document" ("source_person");
create index on record."document" ("statement_id");
create index on record."document" ("case");
alter table record."document" enable row level security;
alter table record."document" force row level security;
create policy gate_reads_in_a_disclosure on record."document" for select to comity_gate
    using (agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[]));
create policy intake_keeps on record."document" for all to comity_intake using (true) with check (true);
grant select on record."document" to comity_gate;
grant select, insert, update, delete on record."document" to comity_intake;
