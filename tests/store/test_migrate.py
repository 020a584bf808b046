"""Migrations are applied once, in order, whole; and refused when they are no longer what was applied."""

from __future__ import annotations

import threading

import pytest

from comity.store import Role, migrate
from comity.store.errors import EditedMigrationError, MigrationError
from comity.store.provision import drop_database, make_database

FIRST = "CREATE SCHEMA made; CREATE TABLE made.thing (id int);"
SECOND = "ALTER TABLE made.thing ADD COLUMN name text DEFAULT '100%s';"


@pytest.fixture
def empty(postgres, database_names):
    """A database without any room's migrations."""
    name = next(database_names)
    make_database(postgres.admin, name)
    yield postgres.of(name)
    drop_database(postgres.admin, name)


@pytest.fixture
def room(tmp_path, monkeypatch, database_names):
    """A package with migrations; its name is new, as Python remembers packages."""
    name = f"room_{next(database_names)}"
    folder = tmp_path / name / "migrations"
    folder.mkdir(parents=True)
    (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    (folder / "0001_thing.sql").write_text(FIRST)
    return name, folder


def columns(store):
    query = "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'made' ORDER BY 1"
    with store.connect(Role.OWNER) as connection:
        return [row[0] for row in connection.execute(query)]


def test_each_file_is_applied_once_and_in_order(empty, room):
    name, folder = room
    (folder / "0002_name.sql").write_text(SECOND)
    assert migrate(empty, [name]) == [f"{name}/migrations/0001_thing.sql", f"{name}/migrations/0002_name.sql"]
    assert columns(empty) == ["id", "name"]
    assert migrate(empty, [name]) == []
    (folder / "0003_more.sql").write_text("ALTER TABLE made.thing ADD COLUMN more text")
    assert migrate(empty, [name]) == [f"{name}/migrations/0003_more.sql"]


def test_an_edited_migration_is_refused_by_name(empty, room):
    name, folder = room
    migrate(empty, [name])
    (folder / "0001_thing.sql").write_text(FIRST + " ")
    (folder / "0002_name.sql").write_text(SECOND)
    with pytest.raises(EditedMigrationError, match=r"0001_thing.sql was applied and has been edited since"):
        migrate(empty, [name])
    assert columns(empty) == ["id"]


def test_a_lost_migration_is_refused_by_name(empty, room):
    name, folder = room
    migrate(empty, [name])
    (folder / "0001_thing.sql").unlink()
    with pytest.raises(EditedMigrationError, match=r"lacks 0001_thing.sql, which was applied"):
        migrate(empty, [name])


def test_a_migration_before_one_that_was_applied_is_refused(empty, room):
    name, folder = room
    (folder / "0003_later.sql").write_text("SELECT 1")
    migrate(empty, [name])
    (folder / "0002_name.sql").write_text(SECOND)
    with pytest.raises(MigrationError, match=r"0002_name.sql comes before 0003_later.sql"):
        migrate(empty, [name])


def test_a_migration_that_fails_leaves_no_trace_and_names_itself(empty, room):
    name, folder = room
    (folder / "0002_name.sql").write_text(SECOND + "SELECT * FROM made.nothing;")
    with pytest.raises(MigrationError, match=r"0002_name.sql was not applied: .*made.nothing"):
        migrate(empty, [name])
    assert columns(empty) == ["id"]
    (folder / "0002_name.sql").write_text(SECOND)
    assert migrate(empty, [name]) == [f"{name}/migrations/0002_name.sql"]


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("2_name.sql", SECOND, "is misnamed"),
        ("0002-name.sql", SECOND, "is misnamed"),
        ("0001_other.sql", SECOND, "has the number of another"),
        ("0002_name.sql", "COMMIT;" + SECOND, "begins or ends a transaction"),
        ("0002_name.sql", SECOND + "\n rollback work;", "begins or ends a transaction"),
    ],
)
def test_a_room_with_a_wrong_file_is_refused_before_any_is_applied(empty, room, file, text, said):
    name, folder = room
    (folder / file).write_text(text)
    with pytest.raises(MigrationError, match=said):
        migrate(empty, [name])
    assert columns(empty) == []


def test_the_body_of_a_function_is_no_transaction(empty, room):
    name, folder = room
    function = "CREATE FUNCTION made.f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n RETURN 1;\nEND;\n$$;"
    (folder / "0002_function.sql").write_text(function)
    migrate(empty, [name])


def test_a_room_without_migrations_has_none_and_an_absent_room_is_an_error(empty):
    assert migrate(empty, ["comity.store"]) == []
    with pytest.raises(ModuleNotFoundError):
        migrate(empty, ["comity.no_such_room"])


def test_two_that_migrate_at_once_apply_each_file_once(empty, room):
    name, folder = room
    (folder / "0002_slow.sql").write_text("SELECT pg_sleep(0.3);" + SECOND)
    results = []
    threads = [threading.Thread(target=lambda: results.append(migrate(empty, [name]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, results)) == [0, 0, 0, 2]
