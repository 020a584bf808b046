"""Databases: read only, from where it left off, and the password nowhere. SQLite and PostgreSQL for real."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import traceback
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from comity.sources import SourcesError, open_source
from comity.store.provision import drop_database, make_database

QUERY = "select id, name, changed from party"


def sqlite(tmp_path, *statements):
    connection = sqlite3.connect(tmp_path / "court.db")
    for statement in statements or ("create table party (id integer, name text, changed text)",):
        connection.execute(statement) if isinstance(statement, str) else connection.execute(*statement)
    connection.commit()
    connection.close()


def put(tmp_path, *rows):
    sqlite(tmp_path, *(("insert into party values (?, ?, ?)", row) for row in rows))


def spec(query=QUERY, **options):
    return {"sql": {"url": "sqlite:///court.db", "query": query, **options}}


BY_TIME = spec(cursor="changed")


def test_a_query_gives_rows_as_bodies(tmp_path, pull):
    sqlite(tmp_path)
    put(tmp_path, (1, "A", "2020-01-01"), (2, None, "2020-01-02"))
    pulled = pull(spec('select id, name as "Full name" from party order by id desc'))
    assert pulled.bodies == [{"id": 2, "Full name": None}, {"id": 1, "Full name": "A"}]
    assert pulled.items[0].place == "sqlite query, row 1"


def test_without_a_cursor_column_an_unchanged_result_brings_nothing_and_a_changed_one_all(tmp_path, pull):
    sqlite(tmp_path)
    put(tmp_path, (1, "A", ""), (2, "B", ""))
    first = pull(spec())
    assert pull(spec(), first.cursor).items == ()
    put(tmp_path, (3, "C", ""))
    assert len(pull(spec(), first.cursor).bodies) == 3
    second = pull(spec(), first.cursor)
    sqlite(tmp_path, "update party set name = 'Z' where id = 1")
    assert len(pull(spec(), second.cursor).bodies) == 3


def test_a_second_pull_brings_only_what_is_new_or_changed(tmp_path, pull):
    sqlite(tmp_path)
    put(tmp_path, (2, "B", "2020-01-02"), (1, "A", "2020-01-01"))
    first = pull(BY_TIME)
    assert [body["id"] for body in first.bodies] == [1, 2]
    assert pull(BY_TIME, first.cursor).items == ()
    put(tmp_path, (3, "C", "2020-01-03"))
    second = pull(BY_TIME, first.cursor)
    assert [body["id"] for body in second.bodies if body["id"] != 2] == [3]
    assert pull(BY_TIME, second.cursor).items == ()


def test_a_row_added_later_under_the_last_value_is_not_missed(tmp_path, pull):
    sqlite(tmp_path)
    put(tmp_path, (1, "A", "2020-01-01"))
    first = pull(BY_TIME)
    put(tmp_path, (2, "B", "2020-01-01"))
    second = pull(BY_TIME, first.cursor)
    assert {body["id"] for body in second.bodies} >= {2}
    assert pull(BY_TIME, second.cursor).items == ()


def test_a_row_exchanged_for_another_under_the_last_value_is_not_missed(tmp_path, pull):
    sqlite(tmp_path)
    put(tmp_path, (1, "A", "2020-01-01"))
    first = pull(BY_TIME)
    sqlite(tmp_path, "update party set id = 2")
    assert [body["id"] for body in pull(BY_TIME, first.cursor).bodies] == [2]


def test_rows_without_a_value_are_never_lost(tmp_path, pull):
    sqlite(tmp_path)
    put(tmp_path, (1, "A", "2020-01-01"))
    first = pull(BY_TIME)
    put(tmp_path, (2, "B", None))
    assert [body["id"] for body in pull(BY_TIME, first.cursor).bodies] == [2]


def test_a_number_among_the_texts_of_a_sqlite_column_is_never_lost(tmp_path, pull):
    sqlite(tmp_path, "create table party (id integer, name text, changed)")
    put(tmp_path, (1, "A", "2020-01-01"))
    first = pull(BY_TIME)
    put(tmp_path, (2, "B", 20200102), (3, "C", 1.5), (4, "D", "2020-01-02"))
    second = pull(BY_TIME, first.cursor)
    assert {body["id"] for body in second.bodies} >= {2, 3, 4}
    put(tmp_path, (5, "E", "2020-01-03"))
    third = pull(BY_TIME, second.cursor)
    assert {body["id"] for body in third.bodies} == {2, 3, 5}  # numbers come at every pull, as nulls do


def test_more_rows_under_one_value_than_are_held_back_are_told_again_rather_than_missed(tmp_path, pull, monkeypatch):
    monkeypatch.setattr("comity.sources.from_sql.MAX_HELD", 5)
    sqlite(tmp_path)
    put(tmp_path, *((number, "A", "2020-01-01") for number in range(12)))
    first = pull(BY_TIME, size=5)
    put(tmp_path, (99, "B", "2020-01-01"))
    assert 99 in {body["id"] for body in pull(BY_TIME, first.cursor).bodies}


def test_an_overlap_begins_earlier_and_never_goes_back(tmp_path, pull):
    sqlite(tmp_path)
    put(tmp_path, *((number, "A", "") for number in range(1, 11)))
    overlapping = spec("select * from party", cursor="id", overlap=3)
    first = pull(overlapping)
    sqlite(tmp_path, "delete from party where id > 9")
    put(tmp_path, (9, "late", ""))
    cursor = first.cursor
    for _ in range(5):
        again = pull(overlapping, cursor)
        assert {body["id"] for body in again.bodies} == {7, 8, 9}
        cursor = again.cursor


def test_the_query_may_use_the_cursor_itself(tmp_path, pull):
    sqlite(tmp_path)
    put(tmp_path, (1, "A", ""), (2, "B", ""), (3, "C", ""))
    own = spec("select id, name from party where id >= :cursor", cursor="id", start=2)
    first = pull(own)
    assert [body["id"] for body in first.bodies] == [2, 3]
    put(tmp_path, (4, "D", ""))
    assert [body["id"] for body in pull(own, first.cursor).bodies][-1] == 4


def test_every_batch_can_be_gone_on_from(tmp_path):
    sqlite(tmp_path)
    put(tmp_path, *((number, "A", "") for number in range(10)))
    source = open_source(spec(cursor="id"), tmp_path)
    batches = list(source.read(None, 3))
    assert [len(batch.items) for batch in batches] == [3, 3, 3, 1]
    for done, batch in enumerate(batches, 1):
        rest = [item.body.get("id") for after in source.read(batch.cursor, 4) for item in after.items]
        assert rest == list(range(10))[3 * done :]


def test_another_query_reads_everything_again(tmp_path, pull):
    sqlite(tmp_path)
    put(tmp_path, (1, "A", ""))
    first = pull(spec("select id from party", cursor="id"))
    assert len(pull(spec("select id, name from party", cursor="id"), first.cursor).bodies) == 1


def test_a_percent_sign_a_colon_and_a_comment_in_a_query_are_what_they_are(tmp_path, pull):
    sqlite(tmp_path)
    put(tmp_path, (1, "100% at 12:30", ""))
    query = "select id from party where name like '100%' and name like '%12:30' -- the last"
    assert pull(spec(query)).bodies == [{"id": 1}]
    assert pull(spec(query + " one", cursor="id")).bodies == [{"id": 1}]


def test_wrong_bytes_in_one_text_spoil_one_row_and_show_nowhere(tmp_path, pull):
    sqlite(tmp_path)
    put(tmp_path, (1, "A", ""), (3, "C", ""))
    sqlite(tmp_path, "insert into party values (2, cast(x'5365637265746f6eff' as text), '')")
    pulled = pull(spec(cursor="id"))
    assert [body["id"] for body in pulled.bodies] == [1, 3]
    (bad,) = pulled.unreadable
    assert bad.cause == "the text in name is not in the database's encoding"
    assert "Secreton" not in str(bad) + repr(bad)
    assert pull(spec(cursor="id"), pulled.cursor).items == ()


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("select id from nowhere", "no such table: nowhere"),
        ("select nowhere from party", "no such column: nowhere"),
        ("selct id from party", "syntax error"),
    ],
)
def test_a_query_that_fails_is_told(tmp_path, query, cause):
    sqlite(tmp_path)
    with pytest.raises(SourcesError, match=cause):
        list(open_source(spec(query), tmp_path).read(None, 10))


def test_a_cursor_column_that_the_query_does_not_give_is_told(tmp_path):
    sqlite(tmp_path)
    for query in ("select id from party", "select 1 as one"):
        with pytest.raises(SourcesError, match="changed"):
            list(open_source(spec(query, cursor="changed"), tmp_path).read(None, 10))


def test_a_database_that_is_not_there_is_told_and_not_made(tmp_path):
    with pytest.raises(SourcesError, match="unable to open") as raised:
        list(open_source(spec(), tmp_path).read(None, 10))
    assert not (tmp_path / "court.db").exists()
    assert str(tmp_path) not in str(raised.value)


@pytest.mark.parametrize(
    "query",
    [
        "delete from party returning id, name, changed",
        "insert into party values (9, 'x', 'y') returning *",
        "drop table party",
        "pragma query_only = off",
        "attach database 'other.db' as other",
        "select 1 as id) as said, party where 1 in (select 1",
    ],
)
def test_attack_a_query_that_writes_changes_nothing(tmp_path, query):
    sqlite(tmp_path)
    put(tmp_path, (1, "A", ""))
    before = (tmp_path / "court.db").read_bytes()
    with contextlib.suppress(SourcesError):
        list(open_source(spec(query), tmp_path).read(None, 10))
    assert (tmp_path / "court.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["court.db"]


def test_a_url_whose_file_comes_from_the_environment(tmp_path, pull):
    sqlite(tmp_path)
    put(tmp_path, (1, "A", ""))
    moved = {"sql": {"url": "sqlite:///${COURT_FOLDER}/court.db", "query": QUERY}}
    assert len(pull(moved, secrets={"COURT_FOLDER": str(tmp_path)}).bodies) == 1
    with pytest.raises(SourcesError, match="COURT_FOLDER is not set"):
        pull(moved, secrets={})


@pytest.mark.parametrize("url", ["nonsense://x/y", "${WHOLE}", "mysql+nothing://x/y", "sqlite:///court.db?mode=rwc"])
def test_an_address_that_leads_nowhere_is_told(tmp_path, url):
    with pytest.raises(SourcesError):
        list(open_source({"sql": {"url": url, "query": QUERY}}, tmp_path, {"WHOLE": "::"}).read(None, 10))


# PostgreSQL


@pytest.fixture
def court(postgres):
    """A database of some court's, as an address with references, what they stand for, and a way to change it."""
    make_database(postgres.admin, "court")
    given = conninfo_to_dict(postgres.admin)
    secrets = {"COURT_USER": given["user"], "COURT_PASSWORD": given["password"], "COURT_HOST": given["host"]}
    url = f"postgresql://${{COURT_USER}}:${{COURT_PASSWORD}}@/court?host=${{COURT_HOST}}&port={given['port']}"
    with psycopg.connect(postgres.admin, dbname="court", autocommit=True) as connection:
        yield url, secrets, connection.execute
    drop_database(postgres.admin, "court")


def court_spec(url, query=QUERY, **options):
    return {"sql": {"url": url, "query": query, **options}}


def test_postgresql_gives_typed_rows_and_goes_on_where_it_left_off(court, pull):
    url, secrets, execute = court
    execute(
        "create table party (id bigint, name text, changed timestamptz, fee numeric(10,2), tags text[], extra jsonb, key uuid)"
    )
    execute(
        "insert into party values (9000000000, 'A', '2020-01-01 12:00+02', 1.10, '{a,b}', '{\"x\": 1}', %s)",
        [UUID(int=1)],
    )
    typed = court_spec(url, "select * from party", cursor="changed")
    first = pull(typed, secrets=secrets)
    body = first.bodies[0]
    assert datetime.fromisoformat(body["changed"]) == datetime(2020, 1, 1, 10, tzinfo=UTC)
    assert (body["id"], body["fee"], body["tags"], body["extra"]) == (9_000_000_000, "1.10", ["a", "b"], {"x": 1})
    assert body["key"] == str(UUID(int=1))
    assert first.items[0].place == "postgresql query, row 1"
    assert pull(typed, first.cursor, secrets=secrets).items == ()
    execute("insert into party values (2, 'B', '2020-01-01 10:00:00.000001+00')")
    again = pull(typed, first.cursor, secrets=secrets)
    assert [body["id"] for body in again.bodies][-1] == 2
    assert pull(typed, again.cursor, secrets=secrets).items == ()


CURSORS = [
    ("bigint", [9_000_000_000, 9_000_000_001]),
    ("numeric", [Decimal("1.5"), Decimal("1.50000000001")]),
    ("double precision", [1.5, 1.5000000001]),
    ("date", [datetime(2020, 1, 1).date(), datetime(2020, 1, 2).date()]),
    ("timestamp", [datetime(2020, 1, 1, 0, 0, 0, 1), datetime(2020, 1, 1, 0, 0, 0, 2)]),
    ("timestamptz", [datetime(2020, 7, 1, tzinfo=UTC), datetime(2020, 7, 1, tzinfo=UTC) + timedelta(microseconds=1)]),
    ("text", ["a", "b"]),
    ("uuid", [UUID(int=1), UUID(int=2)]),
]


@pytest.mark.parametrize(("type_", "values"), CURSORS, ids=[type_ for type_, _ in CURSORS])
def test_every_type_of_cursor_column_comes_back_exactly(court, pull, type_, values):
    url, secrets, execute = court
    execute(f"create table party (at {type_})")
    execute("alter role current_user set timezone = 'America/New_York'")
    by = court_spec(url, "select at from party", cursor="at")
    cursor = None
    for value in values:
        execute("insert into party values (%s)", [value])
        pulled = pull(by, cursor, secrets=secrets)
        assert len(pulled.bodies) in (1, 2)
        cursor = pulled.cursor
        assert pull(by, cursor, secrets=secrets).items == ()
        if len(values) > 1 and value == values[0]:
            execute("delete from party where at < %s", [value])
    execute("alter role current_user reset timezone")


def test_a_time_is_the_same_moment_when_the_session_has_another_zone(court, pull):
    url, secrets, execute = court
    execute("create table party (at timestamptz)")
    by = court_spec(url, "select at from party", cursor="at")
    try:
        execute("alter role current_user set timezone = 'Asia/Tokyo'")
        execute("insert into party values ('2020-07-01 00:00+00')")
        first = pull(by, secrets=secrets)
        execute("alter role current_user set timezone = 'America/New_York'")
        execute("insert into party values ('2020-07-01 00:00:01+00')")
        moments = {datetime.fromisoformat(body["at"]) for body in pull(by, first.cursor, secrets=secrets).bodies}
        assert datetime(2020, 7, 1, 0, 0, 1, tzinfo=UTC) in moments
    finally:
        execute("alter role current_user reset timezone")


def test_postgresql_dates_that_python_has_none_for_come_as_texts(court, pull):
    url, secrets, execute = court
    execute("create table party (id int, until date, at timestamptz)")
    execute(
        "insert into party values (1, 'infinity', '-infinity'), (2, '0044-03-15 BC', null), (3, '2020-01-01', null)"
    )
    bodies = pull(court_spec(url, "select * from party order by id"), secrets=secrets).bodies
    assert [body["until"] for body in bodies] == ["infinity", "0044-03-15 BC", "2020-01-01"]
    by_date = court_spec(url, "select * from party", cursor="until")
    first = pull(by_date, secrets=secrets)
    execute("insert into party values (4, '2020-01-02', null)")
    assert 4 in [body["id"] for body in pull(by_date, first.cursor, secrets=secrets).bodies]


@pytest.mark.parametrize(
    "query",
    [
        "delete from party returning *",
        "with gone as (delete from party returning *) select * from gone",
        "select set_config('transaction_read_only', 'off', false), nextval('counter')",
        "select nextval('counter')",
    ],
)
def test_attack_a_postgresql_query_that_writes_changes_nothing(court, pull, query):
    url, secrets, execute = court
    execute("create table party (id int)")
    execute("create sequence counter")
    execute("insert into party values (1)")
    with pytest.raises(SourcesError):
        pull(court_spec(url, query), secrets=secrets)
    assert execute(
        "select count(*), (select last_value from counter), (select is_called from counter) from party"
    ).fetchone() == (1, 1, False)


@pytest.mark.parametrize("query", ["select 1 as id; drop table party", "select ';' as id"])
def test_attack_a_second_statement_is_refused_before_it_is_sent(court, query):
    with pytest.raises(SourcesError, match="semicolon"):
        open_source(court_spec(court[0], query), court[2])


@pytest.mark.parametrize("fault", ["password", "host", "database", "table", "syntax", "cast"])
def test_attack_a_password_in_no_message_no_log_and_no_traceback(court, tmp_path, caplog, fault):
    url, secrets, execute = court
    secrets = secrets | {"COURT_PASSWORD": "hunter2/@:%s"} if fault == "password" else secrets
    query = {"table": "select * from nothing", "syntax": "selct", "cast": "select name::int as id from party"}
    execute("create table party (id int, name text)")
    execute("insert into party values (1, 'Secretson')")
    if fault == "host":
        secrets = secrets | {"COURT_HOST": str(tmp_path / "nowhere")}
    if fault == "database":
        url = url.replace("/court?", "/nothing?")
    source = open_source(court_spec(url, query.get(fault, QUERY)), tmp_path, secrets)
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SourcesError) as raised:
        list(source.read(None, 10))
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(source) + repr(raised.value)
    error = raised.value
    while error.__context__ or error.__cause__:
        error = error.__context__ or error.__cause__
        shown += repr(error)
    for secret in (secrets["COURT_PASSWORD"], secrets["COURT_HOST"], "hunter2", "Secretson"):
        assert secret not in shown
    assert raised.value.mend


def test_attack_a_database_that_repeats_a_secret_in_its_answer(court, pull):
    url, secrets, _ = court
    url += "&application_name=${COURT_SECRET}"
    with pytest.raises(SourcesError, match="does not exist") as raised:
        pull(court_spec(url, "select * from hunter2"), secrets=secrets | {"COURT_SECRET": "hunter2"})
    assert "hunter2" not in str(raised.value)


def test_postgresql_tells_what_is_wrong_with_a_query(court, pull):
    url, secrets, _ = court
    with pytest.raises(SourcesError, match='relation "nothing" does not exist'):
        pull(court_spec(url, "select * from nothing"), secrets=secrets)


def test_a_query_that_names_two_columns_alike_is_told(court, pull):
    url, secrets, _ = court
    with pytest.raises(SourcesError, match='names "id" more than once'):
        pull(court_spec(url, "select 1 as id, 2 as id"), secrets=secrets)


def test_a_password_with_every_awkward_character_is_handed_over_exactly(court, pull):
    url, secrets, execute = court
    password = "p@ss:w/rd?#%40 ${X} é"
    execute(psycopg.sql.SQL("create role reader login password {}").format(psycopg.sql.Literal(password)))
    execute("grant connect on database court to reader")
    try:
        mine = secrets | {"COURT_USER": "reader", "COURT_PASSWORD": password}
        assert pull(court_spec(url, "select current_user as id"), secrets=mine).bodies == [{"id": "reader"}]
    finally:
        execute("drop owned by reader")
        execute("drop role reader")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=6), min_size=1, max_size=5),
    st.integers(1, 4),
)
def test_whatever_is_added_whenever_with_a_cursor_that_never_falls_nothing_is_missed(tmp_path, deliveries, size):
    (tmp_path / "court.db").unlink(missing_ok=True)
    sqlite(tmp_path, "create table party (id integer, at integer)")
    source = open_source(spec("select id, at from party", cursor="at"), tmp_path)
    seen, cursor, number, at = set(), None, 0, 0
    for delivery in deliveries:
        for _, step in delivery:
            number, at = number + 1, at + step
            sqlite(tmp_path, ("insert into party values (?, ?)", (number, at)))
        for batch in source.read(cursor, size):
            seen |= {item.body.get("id") for item in batch.items}
            cursor = batch.cursor
        assert seen == set(range(1, number + 1))
        assert list(source.read(cursor, size)) == []
