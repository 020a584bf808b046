"""What tests of every room share: a PostgreSQL, a fresh database, the shared data, the vocabulary."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from comity.gate.on_spark import session as spark_session
from comity.node import ROOMS
from comity.store import Role, Settings, Store, migrate, open_store
from comity.store.cluster import discard_cluster
from comity.store.provision import copy_database, drop_database, make_database
from comity.vocabulary import Vocabulary, load

from .papers import Paper

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# No test asserts a time, and a slow machine is no fault of what is tested.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

REPOSITORY = Path(__file__).resolve().parent.parent
# A crash of the machine may lose a test's data; a crash of PostgreSQL may not, and is tested.
QUICK = {"fsync": "off", "shared_buffers": "64MB", "max_wal_size": "512MB"}
# Of the little that a test asks, most would be spent on compiling code that runs once.
QUICK_SPARK = {
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.ui.showConsoleProgress": "false",
}
TEMPLATE = "comity_template"
MEMORY, ROOM = Path("/dev/shm"), 3 * 2**30  # noqa: S108  (bytes; two such PostgreSQL and Spark's files need half of it)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Call a run in which nothing was tested, because all was skipped, what it is: a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    asked = exitstatus == pytest.ExitCode.OK and not session.config.option.collectonly
    if asked and reporter and not reporter.stats.get("passed"):  # only the process that reports has a reporter
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.fixture(scope="session")
def light_folder() -> Iterator[Path]:
    """A folder that anybody may pass through: in memory where that has room, for a copied database is 700 files."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    with tempfile.TemporaryDirectory(prefix="comity-test-", dir=MEMORY if roomy else None) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(light_folder: Path) -> Iterator[Store]:
    """A PostgreSQL of this test process's own, stopped and deleted afterwards."""
    settings = Settings(home=light_folder / "home")
    try:
        with open_store(settings, QUICK) as store:
            yield store
    finally:
        discard_cluster(settings)


@pytest.fixture(scope="session")
def migrated_template(postgres: Store) -> str:
    """The name of a database with every room's migrations, for copying."""
    make_database(postgres.admin, TEMPLATE)
    migrate(postgres.of(TEMPLATE), ROOMS)
    return TEMPLATE


@pytest.fixture(scope="session")
def database_names() -> Iterator[str]:
    return (f"test_{number}" for number in itertools.count(1))


@pytest.fixture
def store(postgres: Store, migrated_template: str, database_names: Iterator[str]) -> Iterator[Store]:
    """A fresh, migrated database of the test's own."""
    name = next(database_names)
    copy_database(postgres.admin, name, migrated_template)
    yield postgres.of(name)
    drop_database(postgres.admin, name)


@pytest.fixture(scope="session")
def wait_until_gone() -> Callable[[Store, Role], None]:
    """Wait until the server has noticed that a killed client is gone, and finished or undone what it was doing."""
    connected = "select count(*) from pg_stat_activity where usename = %s and datname = current_database() and pid <> pg_backend_pid()"

    def wait(store: Store, role: Role) -> None:
        deadline = time.monotonic() + 30
        with store.connect(role, autocommit=True) as conn:
            user = conn.info.user
            while conn.execute(connected, [user]).fetchone() != (0,):
                assert time.monotonic() < deadline
                time.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of shared data; the test is skipped where it is not."""
    folder = Path(os.environ.get("COMITY_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no shared data in {folder}; set COMITY_SHARED_DATA to where it is")
    return folder


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """The vocabulary that ships with Comity."""
    return load()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; without it the test fails under CI, and is skipped elsewhere."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    reason = "Chromium is not on this machine; as root on Debian, scripts/debian-packages.sh installs it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Spark on this machine; without Java the test fails under CI, and is skipped elsewhere."""
    if shutil.which("java") is None:
        if os.environ.get("CI"):
            pytest.fail("Java is not here, so Spark cannot be tried")
        pytest.skip("Java is not here: install it to try Spark")
    with spark_session(tmp_path_factory.mktemp("spark"), "local[2]", **QUICK_SPARK) as started:
        started.sparkContext.setLogLevel("OFF")
        yield started


@pytest.fixture
def paper(tmp_path: Path) -> Callable[[bytes], Paper]:
    """A reader of PDF documents; without poppler the test fails under CI, and is skipped elsewhere."""
    if shutil.which("pdftotext") and shutil.which("pdfinfo"):
        return lambda made: Paper(made, tmp_path)
    reason = "poppler-utils is not on this machine; as root on Debian, scripts/debian-packages.sh installs it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
