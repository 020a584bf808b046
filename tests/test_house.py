"""The laws of the house that a linter cannot hold: what each room has, what pure means, what no file may say."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "src" / "comity"
ROOMS = sorted(folder for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists())
MODULES = sorted(PACKAGE.rglob("*.py"))

LONGEST_MODULE = 500
LONGEST_FUNCTION = 50
MOST_PUBLIC_NAMES = 10
LONGEST_DECISION = 140

# Time, ids, keys and chance are handed in to these (DESIGN, law 3).
PURE = (
    "vocabulary/models.py",
    "ledger/entry.py",
    "ledger/merkle.py",
    "ledger/note.py",
    "ledger/checkpoint.py",
    "ledger/cosignature.py",
    "ledger/policy.py",
    "ledger/submission.py",
    "ledger/views.py",
    "gate/decide.py",
    "gate/compile.py",
    "gate/lines.py",
    "gate/why/near.py",
    "gate/why/parts.py",
    "gate/why/explain.py",
    "gate/why/changes.py",
    "gate/why/words.py",
    "gate/why/data.py",
    "gate/impact/models.py",
    "gate/impact/views.py",
    "gate/impact/compile.py",
    "gate/impact/words.py",
    "gate/statistics/budget.py",
    "gate/statistics/cells.py",
    "gate/statistics/figures.py",
    "gate/statistics/plan.py",
    "gate/statistics/query.py",
    "people/score.py",
    "record/view.py",
    "agreements/standing.py",
    "agreements/conditions.py",
    "agreements/smt.py",
    "agreements/reach.py",
    "agreements/claims.py",
    "agreements/witness.py",
    "agreements/prover.py",
    "agreements/prove.py",
    "agreements/carried.py",
    "agreements/limits.py",
    "oversight/due.py",
    "oversight/models.py",
    "agreements/assessment/merge.py",
    "agreements/assessment/complete.py",
)
IMPURE_CALLS = re.compile(
    r"^(open|print|input)$|"
    r"(^|\.)(now|utcnow|today|time|time_ns|monotonic|perf_counter|sleep|getenv|urandom|getrandbits|"
    r"uuid1|uuid4|token_bytes|token_hex|token_urlsafe|randint|choice|shuffle|read_text|read_bytes|write_text|"
    r"write_bytes|connect|execute)$"
)
IMPURE_MODULES = {"os", "random", "secrets", "socket", "subprocess", "time", "psycopg", "httpx", "pathlib", "tempfile"}


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def kept_files() -> list[Path]:
    """What git keeps; where there is no git, what is here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [path for name in listed.stdout.split("\0") if name and (path := REPOSITORY / name).is_file()]
    return [path for path in REPOSITORY.rglob("*") if path.is_file() and ".venv" not in path.parts]


# Each room


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_has_a_page_about_itself(room):
    assert (room / "README.md").is_file()
    assert len((room / "README.md").read_text().split()) >= 50


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_shows_ten_names_or_fewer(room):
    for node in tree_of(room / "__init__.py").body:
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "__all__" for target in node.targets):
            assert len(ast.literal_eval(node.value)) <= MOST_PUBLIC_NAMES


def test_modules_and_functions_are_short():
    long_modules = [name_of(path) for path in MODULES if len(path.read_text().splitlines()) >= LONGEST_MODULE]
    long_functions = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long_modules == []
    assert long_functions == []


def test_no_room_is_a_cupboard():
    cupboards = {"utils", "util", "common", "helpers", "helper", "core", "manager", "misc"}
    assert [name_of(path) for path in MODULES if cupboards & {path.stem, path.parent.name}] == []


# Pure where it matters


def impurities(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and IMPURE_CALLS.search(ast.unparse(node.func)):
            yield f"{path.name}:{node.lineno} calls {ast.unparse(node.func)}"
        if isinstance(node, ast.Attribute) and node.attr == "environ":
            yield f"{path.name}:{node.lineno} reads the environment"
        if isinstance(node, ast.Import):
            yield from _impure_imports(path, node.lineno, [alias.name for alias in node.names])
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from _impure_imports(path, node.lineno, [node.module])
            if node.module == "comity.store" and {alias.name for alias in node.names} - {"load_queries"}:
                yield f"{path.name}:{node.lineno} imports more of the store than the text of queries"


def _impure_imports(path: Path, line: int, modules: list[str]) -> Iterator[str]:
    for module in modules:
        if module.split(".")[0] in IMPURE_MODULES:
            yield f"{path.name}:{line} imports {module}"


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_reads_no_clock_no_chance_and_no_file(module):
    assert list(impurities(PACKAGE / module)) == []


@pytest.mark.parametrize(
    "line",
    [
        "at = datetime.now(UTC)",
        "day = date.today()",
        "x = uuid4()",
        "import secrets",
        "from random import choice",
        "text = open('a')",
        "home = os.environ['HOME']",
        "from comity.store import open_store",
    ],
)
def test_an_impure_line_is_seen(tmp_path, line):
    (tmp_path / "module.py").write_text(line)
    assert list(impurities(tmp_path / "module.py"))


# The agreement decides, code does not


def agencies_named(path: Path) -> Iterator[str]:
    """Comparisons of an agency with a name written in the code."""
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        about_agency = any(re.search(r"(^|\.)(agency|provider|recipient)$", ast.unparse(side)) for side in sides)
        if about_agency and any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in sides):
            yield f"{name_of(path)}:{node.lineno} {ast.unparse(node)}"


def test_no_code_treats_one_agency_differently():
    assert [place for path in MODULES if "demo" not in path.parts for place in agencies_named(path)] == []


# What the ledger says in the open

# Terms of the vocabulary and its provisions, names of agencies, sources, mappings and agreements, random ids, prints of public keys. Never
# who: a staff id is personal data, and the ledger is public and for ever. It belongs under the entry's commitment.
SAID_IN_THE_OPEN = {
    "act",
    "agency",
    "agreement",
    "assessment",
    "decision",
    "discipline",
    "epsilon",
    "hold",
    "mapping",
    "message",
    "model",
    "outcome",
    "purpose",
    "rule",
    "source",
    "statement",
    "step",
    "thumbprint",
}


def contexts(tree: ast.Module) -> Iterator[tuple[int, ast.expr]]:
    """Whatever becomes an entry's context: handed to Entry or to a function's ``context``, or given that name."""
    takers = {"Entry": 3, "enter": 3}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [argument.arg for argument in node.args.args]
            takers |= {node.name: names.index("context")} if "context" in names else {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (place := takers.get(ast.unparse(node.func))) is not None:
            named = [word.value for word in node.keywords if word.arg == "context"]
            yield node.lineno, (named or node.args[place:])[0]
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and "context" in _targets(node):
            yield node.lineno, node.value
        if isinstance(node, ast.Assign) and any(target.startswith("context[") for target in _targets(node)):
            key = node.targets[0].slice  # type: ignore[attr-defined]
            yield node.lineno, ast.Dict([key], [node.value])


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    return [ast.unparse(target) for target in (node.targets if isinstance(node, ast.Assign) else [node.target])]


def unlisted(tree: ast.Module) -> Iterator[str]:
    """What a module would say in the ledger that is not listed, or of which nobody can see here what it is."""
    answers = {
        node.name: [it.value for it in ast.walk(node) if isinstance(it, ast.Return)]
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    for line, said in contexts(tree):
        if isinstance(said, ast.Name) and said.id == "context":
            continue
        if isinstance(said, ast.Call) and (given := answers.get(ast.unparse(said.func))):
            if all(isinstance(it, ast.Name) and it.id == "context" for it in given):
                continue
        elif isinstance(said, ast.Dict):
            keys = {key.value if isinstance(key, ast.Constant) else None for key in said.keys}
            if keys <= SAID_IN_THE_OPEN:
                continue
        yield f"line {line}: {ast.unparse(said)}"


WRITES_ENTRIES = {("comity.ledger", "Entry"), ("comity.ledger.entry", "Entry"), ("comity.agreements.entering", "enter")}


def writers_of_entries() -> list[Path]:
    return [path for path in MODULES if path.parent.name != "ledger" and WRITES_ENTRIES & set(imports(tree_of(path)))]


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((str(node.module), alias.name) for alias in node.names)


def test_an_entry_of_the_ledger_names_nobody():
    assert len(writers_of_entries()) >= 7
    assert [(name_of(path), said) for path in writers_of_entries() for said in unlisted(tree_of(path))] == []


@pytest.mark.parametrize(
    "line",
    [
        'Entry(id, at, "sign", {"by": by}, made)',
        'Entry(id, at, "sign", {**context, "agency": agency}, made)',
        'Entry(id, at, "sign", what, made)',
        'Entry(id, at, "sign", context=what, commitment=made)',
        'context = {"agency": agency, "reason": reason}',
        'context["person"] = person',
        'def enter(conn, context): ...\nenter(conn, {"name": name})',
    ],
)
def test_an_entry_that_says_more_is_seen(line):
    assert list(unlisted(ast.parse(line)))


# What no kept file may say

# Put together here, so that this file does not hold them either.
REGISTRIES = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs"))]
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
BUILDERS_PATH = re.compile(r"(?<![\w.])/" + r"(work/(main|shared)|root/)\b")


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    found = {}
    for path in kept_files():
        content = path.read_bytes()
        if b"\0" not in content:
            found[name_of(path)] = content.decode("utf-8", errors="replace")
    return found


def test_no_file_names_a_package_registry(texts):
    assert [name for name, text in texts.items() if any(registry in text for registry in REGISTRIES)] == []


def test_no_file_is_unfinished(texts):
    assert [(name, found[0]) for name, text in texts.items() if (found := UNFINISHED.search(text))] == []


def test_no_file_knows_the_machine_it_was_written_on(texts):
    assert [(name, found[0]) for name, text in texts.items() if (found := BUILDERS_PATH.search(text))] == []


def test_every_requirement_is_pinned_with_its_hash():
    for lock in sorted(REPOSITORY.glob("requirements*.lock")):
        pins = re.split(r"(?m)^(?=\S)", lock.read_text())
        bare = [pin for pin in pins if pin.strip() and not pin.startswith("#") and "--hash=sha256:" not in pin]
        assert bare == [], lock.name


def test_decisions_are_numbered_once_and_short():
    records = sorted((REPOSITORY / "docs" / "decisions").glob("*.md"))
    numbers = [record.name[:4] for record in records]
    assert len(numbers) == len(set(numbers))
    for record in records:
        text = record.read_text()
        assert len(text.splitlines()) < LONGEST_DECISION, record.name
        assert text.startswith(f"# {int(record.name[:4])}. "), record.name
