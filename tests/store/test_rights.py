"""Who may do what in the database, read from its catalogue and held against a table that people can read.

The table says the most that each role may be granted. A new relation of any room is covered at once: what it grants
is in the table, or this test is red.
"""

from __future__ import annotations

from fnmatch import fnmatch

import psycopg
import pytest

from comity.store import Role

# role, relations, the most it may be granted there. A star means: on some columns only.
RIGHTS = """
comity_intake     | ledger.outbox                                           | insert*
comity_gate       | ledger.outbox                                           | select* insert*
comity_governance | ledger.outbox                                           | insert*

comity_ledger     | ledger.outbox                                           | select insert delete
comity_ledger     | ledger.entry ledger.tile ledger.checkpoint              | select insert
comity_ledger     | ledger.refused                                          | select insert
comity_ledger     | ledger.age_limit                                        | select
comity_gate       | ledger.age_limit                                        | select
comity_gate       | ledger.entry ledger.tile ledger.checkpoint              | select
comity_governance | ledger.entry ledger.tile ledger.checkpoint              | select
comity_ledger     | ledger.every_entry                                      | select
comity_gate       | ledger.every_entry                                      | select
comity_governance | ledger.every_entry                                      | select
comity_ledger     | ledger.cosignature ledger.witnessed                     | select insert
comity_gate       | ledger.cosignature ledger.witnessed                     | select
comity_governance | ledger.cosignature ledger.witnessed                     | select
comity_gate       | ledger.peer                                             | select insert update

comity_governance | agreements.agency agreements.agreement                  | select insert update*
comity_governance | agreements.assessment                                   | select insert update*
comity_governance | agreements.signature agreements.event                   | select insert
comity_governance | agreements.consent                                      | select insert
comity_governance | agreements.impact agreements.impact_confirmation        | select insert
comity_gate       | agreements.impact                                       | select insert
comity_governance | agreements.assessment_work                              | select insert update*
comity_governance | agreements.assessment_change                            | select insert
comity_governance | agreements.assessment_signature                         | select insert
comity_gate       | agreements.*                                            | select

comity_intake     | people.source_person people.membership people.token     | select insert update delete
comity_intake     | people.key people.edge                                  | select insert update delete
comity_intake     | people.judgement people.move                            | select insert delete
comity_intake     | people.person                                           | select insert update
comity_intake     | people.model people.model_in_force people.sample        | select insert
comity_intake     | people.stay people.proposal_example                     | select insert delete
comity_intake     | people.sampled people.sample_answer                     | select insert delete
comity_intake     | people.hold                                             | select insert update* delete
comity_intake     | people.standing_judgement                               | select
comity_intake     | people.question                                         | select insert update delete
comity_intake     | people.doubt people.proposal people.proposal_end        | select insert delete
comity_intake     | people.parted                                           | select insert delete
comity_gate       | people.membership people.token people.person            | select
comity_gate       | people.parted                                           | select

comity_intake     | record.*                                                | select insert update delete
comity_gate       | record.*                                                | select

comity_intake     | intake.cursor intake.delivery intake.quarantine         | select insert update
comity_intake     | intake.erased_person intake.decision intake.linking      | select insert
comity_intake     | intake.keeping intake.disposal intake.gone               | select insert
comity_intake     | intake.legal_hold_end                                    | select insert
comity_intake     | intake.legal_hold intake.restricted intake.kept_longer   | select insert delete
comity_intake     | intake.forecast                                          | select insert delete
comity_intake     | intake.retention_run                                     | select insert update
comity_gate       | intake.gone                                              | select

comity_gate       | gate.disclosure gate.disclosure_subject                 | select insert
comity_gate       | gate.consultation                                       | select insert
comity_gate       | gate.pseudonym                                          | select insert delete
comity_gate       | gate.extract_subject                                    | select insert
comity_gate       | gate.change gate.change_told gate.change_receipt        | select insert
comity_gate       | gate.review gate.review_act                             | select insert
comity_gate       | gate.subscription gate.subscription_end                 | select insert
comity_gate       | gate.notice gate.told                                   | select insert
comity_gate       | gate.parting gate.parted_use                            | select insert
comity_gate       | gate.review_open                                        | select insert delete
comity_gate       | gate.statistic                                          | select insert
comity_gate       | gate.privacy_budget                                     | select insert update*
comity_gate       | gate.extract_order                                      | select insert update*

comity_governance | web.colleague web.letter web.token                      | select insert update delete
comity_governance | web.ledger_line                                         | select insert
"""
# What the lines above would let through, and may not be: whole messages are for intake alone.
NEVER = (
    (Role.GATE, "record.statement"),
    (Role.GATE, "record.part"),
    (Role.LEDGER, "people.*"),
    (Role.LEDGER, "record.*"),
    (Role.GOVERNANCE, "people.*"),
    (Role.GOVERNANCE, "record.*"),
)

OURS = "nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')"
GRANTED = f"""
    SELECT grantee::regrole::text, nspname || '.' || relname, lower(privilege_type)
    FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace, aclexplode(relacl)
    WHERE {OURS} AND grantee <> relowner AND relkind <> 'S'
    UNION
    SELECT grantee::regrole::text, nspname || '.' || relname, lower(privilege_type) || '*'
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace, aclexplode(attacl)
    WHERE {OURS} AND grantee <> relowner
"""


def declared():
    for line in filter(None, RIGHTS.splitlines()):
        role, relations, privileges = line.split("|")
        for relation in relations.split():
            yield role.strip(), relation, set(privileges.split())


def covered(role, relation, privilege):
    if any(role == other and fnmatch(relation, pattern) for other, pattern in NEVER):
        return False
    return any(
        role == to and fnmatch(relation, pattern) and {privilege, privilege.rstrip("*")} & most
        for to, pattern, most in declared()
    )


@pytest.fixture
def catalogue(store):
    with psycopg.connect(store.admin, dbname=store.database) as connection:
        yield lambda query: connection.execute(query).fetchall()


def test_no_role_is_granted_more_than_the_table_says(catalogue):
    granted = catalogue(GRANTED)
    assert granted
    assert [grant for grant in granted if not covered(*grant)] == []


@pytest.mark.parametrize(
    "grant",
    [
        "SELECT ON record.statement TO comity_gate",
        "UPDATE ON gate.disclosure TO comity_gate",
        "UPDATE (body) ON ledger.entry TO comity_ledger",
        "TRUNCATE ON ledger.outbox TO comity_ledger",
        "SELECT ON people.token TO comity_governance",
        "SELECT ON intake.delivery TO PUBLIC",
    ],
)
def test_one_grant_too_many_is_seen(store, grant):
    with psycopg.connect(store.admin, dbname=store.database) as connection:
        before = set(connection.execute(GRANTED))
        connection.execute(f"GRANT {grant}")
        (added,) = set(connection.execute(GRANTED)) - before
    assert not covered(*added)


def test_the_table_says_no_more_than_is_granted(catalogue):
    schemas = {row[0] for row in catalogue(f"SELECT nspname FROM pg_namespace WHERE {OURS}")}
    granted = catalogue(GRANTED)
    idle = [
        (role, relation, privilege)
        for role, relation, most in declared()
        for privilege in most
        if relation.split(".")[0] in schemas
        and not any(role == to and fnmatch(name, relation) and privilege == kind for to, name, kind in granted)
    ]
    assert idle == []


def test_the_public_is_granted_nothing(catalogue, migrated_template):
    everywhere = f"""
        SELECT 'schema ' || nspname, privilege_type FROM pg_namespace, aclexplode(nspacl)
        WHERE grantee = 0 AND nspname !~ '^pg_' AND nspname <> 'information_schema'
        UNION ALL
        SELECT 'relation ' || relname, privilege_type
        FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace, aclexplode(relacl) WHERE grantee = 0 AND {OURS}
        UNION ALL
        SELECT 'function ' || proname, privilege_type FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace,
            aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0 AND {OURS}
        UNION ALL
        SELECT 'database ' || datname, privilege_type
        FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
        WHERE grantee = 0 AND datname IN (current_database(), '{migrated_template}')
    """
    assert catalogue(everywhere) == []


@pytest.mark.parametrize("which", ["a copy", "its original"])
def test_only_our_roles_connect_and_only_intake_stages(catalogue, migrated_template, which):
    rights = f"""
        SELECT grantee::regrole::text, privilege_type FROM pg_database, aclexplode(datacl)
        WHERE datname = {"current_database()" if which == "a copy" else f"'{migrated_template}'"} AND grantee <> datdba
    """
    expected = {(role.value, "CONNECT") for role in Role if role is not Role.OWNER} | {("comity_intake", "TEMPORARY")}
    assert set(catalogue(rights)) == expected


def test_no_role_has_an_attribute_or_a_membership(catalogue):
    powers = """
        SELECT rolname FROM pg_roles WHERE rolname LIKE 'comity%' AND rolname <> 'comity_superuser'
        AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls OR rolreplication)
    """
    memberships = "SELECT member::regrole FROM pg_auth_members WHERE member::regrole::text LIKE 'comity%'"
    assert catalogue(powers) == []
    assert catalogue(memberships) == []


def test_the_owner_owns_everything_and_nobody_else_anything(catalogue):
    owners = f"""
        SELECT DISTINCT relowner::regrole::text FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE {OURS}
        UNION SELECT DISTINCT nspowner::regrole::text FROM pg_namespace WHERE {OURS}
        UNION SELECT DISTINCT proowner::regrole::text FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace
        WHERE {OURS}
    """
    assert catalogue(owners) == [("comity_owner",)]


def test_a_schema_is_usable_only_by_who_has_a_right_in_it(catalogue):
    usable = catalogue(f"""
        SELECT grantee::regrole::text, nspname, privilege_type FROM pg_namespace, aclexplode(nspacl)
        WHERE {OURS} AND grantee <> nspowner
    """)
    granted = {(to, name.split(".")[0]) for to, name, _ in catalogue(GRANTED)}
    assert {(to, schema) for to, schema, _ in usable} == granted
    assert {privilege for _, _, privilege in usable} <= {"USAGE"}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_no_role_makes_a_table(store, role):
    with store.connect(role, autocommit=True) as connection:
        for schema in ("public", "store", "ledger"):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName)):
                connection.execute(f"CREATE TABLE {schema}.mine (id int)")
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName)):
            connection.execute("CREATE SCHEMA mine")


# Row-level security


def test_every_record_table_has_forced_row_level_security(catalogue):
    bare = """
        SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
        WHERE nspname = 'record' AND relkind IN ('r', 'p') AND NOT (relrowsecurity AND relforcerowsecurity)
    """
    assert catalogue(bare) == []


def test_whatever_the_gate_reads_of_people_or_record_names_agencies_and_is_walled(catalogue):
    readable = catalogue("""
        SELECT nspname || '.' || relname, relrowsecurity AND relforcerowsecurity, (
            SELECT string_agg(pg_get_expr(polqual, polrelid), ' ') FROM pg_policy
            WHERE polrelid = c.oid AND 'comity_gate'::regrole = ANY (polroles)
        )
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE nspname IN ('people', 'record') AND has_table_privilege('comity_gate', c.oid, 'SELECT')
          AND relkind IN ('r', 'p') AND nspname || '.' || relname <> 'people.person'  -- ids and redirects, no agency
    """)
    assert readable
    for relation, walled, condition in readable:
        assert walled, relation
        assert "comity.providers" in condition, relation


def test_a_view_reads_as_who_asks_and_a_function_too(catalogue):
    views = f"""
        SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
        WHERE {OURS} AND relkind IN ('v', 'm') AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)
    """
    functions = f"""
        SELECT proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE {OURS} AND prosecdef
    """
    assert catalogue(views) == []
    assert catalogue(functions) == []


def _row_of(connection, table, agency):
    """Insert a row that names ``agency``, with something in each column that must not be empty."""
    columns = connection.execute(
        """
        SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
        WHERE attrelid = %s::regclass AND attnum > 0 AND attnotnull AND NOT atthasdef AND attidentity = ''
        """,
        (table,),
    ).fetchall()
    sample = {"text": "x", "integer": 1, "bigint": 1, "bytea": b"x" * 32, "timestamp with time zone": "2026-01-01"}
    given = {"agency": agency, "asserted": "fact", "whose": "suspect"}
    names = [name for name, _ in columns]
    values = [given.get(name, sample.get(kind)) for name, kind in columns]
    slots = ", ".join("gen_random_uuid()" if kind == "uuid" else "%s" for _, kind in columns)
    kept = [value for value, (_, kind) in zip(values, columns, strict=True) if kind != "uuid"]
    quoted = ", ".join(f'"{name}"' for name in names)
    connection.execute(f"INSERT INTO {table} ({quoted}) VALUES ({slots})", kept)


def test_the_gate_sees_no_row_outside_a_disclosure_and_only_the_providers_rows_within(store, catalogue):
    tables = [
        row[0]
        for row in catalogue("""
            SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
            WHERE nspname = 'record' AND relkind = 'r' AND has_table_privilege('comity_gate', c.oid, 'SELECT')
        """)
    ]
    with store.connect(Role.INTAKE) as intake:
        for table in tables:
            _row_of(intake, table, "police")
            _row_of(intake, table, "prison")
    for providers, rows in ((None, 0), ("", 0), ("court", 0), ("police", 1), ("police,prison", 2), ("polic", 0)):
        with store.connect(Role.GATE) as gate:
            if providers is not None:
                gate.execute("SELECT set_config('comity.providers', %s, true)", (providers,))
            seen = {gate.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
            assert seen == {rows}, providers
    with store.connect(Role.OWNER) as owner:
        assert {owner.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables} == {0}
