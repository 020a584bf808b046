"""Folders of files: order, what is told of one bad file among many, and what must not be followed."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.sources import Said, SourcesError, open_source

INBOX = {"jsonl": {"path": "inbox/*.jsonl"}}


@pytest.fixture
def inbox(tmp_path):
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def test_files_are_read_in_the_order_of_their_names_and_a_batch_may_span_them(inbox, pull):
    for name in ("b", "a", "c"):
        (inbox / f"{name}.jsonl").write_text(f'{{"from": "{name}", "no": 1}}\n{{"from": "{name}", "no": 2}}\n')
    pulled = pull(INBOX, size=4)
    assert [(body["from"], body["no"]) for body in pulled.bodies] == [(name, no) for name in "abc" for no in (1, 2)]
    assert pulled.sizes == (4, 2)
    assert pulled.items[2].place == "inbox/*.jsonl, file 2 of 3, line 1"


def test_only_new_and_changed_files_are_read_again(inbox, pull):
    for name in "abc":
        (inbox / f"{name}.jsonl").write_text(f'{{"from": "{name}"}}\n')
    first = pull(INBOX)
    assert pull(INBOX, first.cursor).items == ()
    (inbox / "b.jsonl").write_text('{"from": "b"}\n{"from": "b2"}\n')
    (inbox / "d.jsonl").write_text('{"from": "d"}\n')
    (inbox / "a.jsonl").unlink()
    second = pull(INBOX, first.cursor)
    assert [body["from"] for body in second.bodies] == ["b2", "d"]
    assert pull(INBOX, second.cursor).items == ()
    assert len(json.loads(second.cursor)["at"]) == 3


def test_a_cursor_and_a_place_hold_no_name_of_a_file(inbox, pull):
    (inbox / "secretson-john.jsonl").write_text('{"a": 1}\nx\n')
    pulled = pull(INBOX)
    assert "secretson" not in pulled.cursor + str(pulled.items) + str(pulled.unreadable[0])


def test_an_empty_folder_and_hidden_files_are_quiet(inbox, pull):
    (inbox / ".part.jsonl").write_text("x")
    (inbox / "folder.jsonl").mkdir()
    assert pull(INBOX).items == ()


def test_one_file_that_may_not_be_read_is_told_and_the_others_are_read(inbox, pull):
    (inbox / "a.jsonl").symlink_to(inbox / "nowhere")
    (inbox / "b.jsonl").write_text('{"a": 1}\n')
    pulled = pull(INBOX)
    assert (pulled.bodies, len(pulled.unreadable)) == ([{"a": 1}], 1)
    (inbox / "a.jsonl").unlink()
    (inbox / "a.jsonl").write_text('{"a": 2}\n')
    assert pull(INBOX, pulled.cursor).bodies == [{"a": 2}]


def test_a_folder_where_a_file_should_be_is_told(inbox, tmp_path):
    with pytest.raises(SourcesError, match="not a regular file"):
        list(open_source({"jsonl": {"path": inbox.name}}, tmp_path).read(None, 10))


def test_a_pattern_in_a_folder_that_is_not_there_is_no_quiet_day(tmp_path):
    with pytest.raises(SourcesError, match="no such folder"):
        list(open_source({"jsonl": {"path": "inbx/*.jsonl"}}, tmp_path).read(None, 10))


def test_attack_symlink_in_the_inbox_is_not_followed(inbox, tmp_path, pull):
    (tmp_path / "secret.jsonl").write_text('{"a": "Secretson"}\n')
    (inbox / "a.jsonl").symlink_to(tmp_path / "secret.jsonl")
    pulled = pull(INBOX)
    assert pulled.bodies == []
    assert "symbolic link" in pulled.unreadable[0].cause
    assert pulled.unreadable[0].raw == b""


def test_attack_symlinked_folder_in_the_inbox_is_not_followed(inbox, tmp_path, pull):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.jsonl").write_text('{"a": "Secretson"}\n')
    (inbox / "sub").symlink_to(tmp_path / "other")
    for pattern in ("inbox/*/*.jsonl", "inbox/**/*.jsonl"):
        assert pull({"jsonl": {"path": pattern}}).bodies == []


def test_attack_symlink_put_there_between_the_look_and_the_opening(inbox, tmp_path, pull, monkeypatch):
    monkeypatch.setattr("comity.sources.files.FoundFile.goes_elsewhere", lambda _: False)
    (tmp_path / "secret.jsonl").write_text('{"a": "Secretson"}\n')
    (inbox / "a.jsonl").symlink_to(tmp_path / "secret.jsonl")
    assert pull(INBOX).bodies == []


def test_an_inbox_that_is_itself_a_link_is_the_owners_choice(inbox, tmp_path, pull):
    (inbox / "a.jsonl").write_text('{"a": 1}\n')
    (tmp_path / "link").symlink_to(inbox)
    assert len(pull({"jsonl": {"path": "link/*.jsonl"}}).bodies) == 1
    assert len(pull({"jsonl": {"path": "link/a.jsonl"}}).bodies) == 1


@pytest.mark.timeout(20)
def test_attack_named_pipe_does_not_hang_the_source(inbox, pull):
    os.mkfifo(inbox / "a.jsonl")
    (inbox / "b.jsonl").write_text('{"a": 1}\n')
    pulled = pull(INBOX)
    assert (pulled.bodies, pulled.unreadable[0].cause) == ([{"a": 1}], "this is not a regular file")
    with pytest.raises(SourcesError, match="not a regular file"):
        pull({"jsonl": {"path": "inbox/a.jsonl"}})


def test_attack_device_is_not_read(tmp_path):
    with pytest.raises(SourcesError, match="not a regular file"):
        list(open_source({"jsonl": {"path": "/dev/zero"}}, tmp_path).read(None, 10))


def test_attack_a_document_larger_than_may_be_read_whole_is_told(inbox, pull, monkeypatch):
    monkeypatch.setattr("comity.sources.files.MAX_DOCUMENT", 1_000)
    (inbox / "a.json").write_text("[" + " " * 2_000 + "]")
    (inbox / "b.json").write_text('[{"a": 1}]')
    pulled = pull({"json": {"path": "inbox/*.json"}})
    assert pulled.bodies == [{"a": 1}]
    assert "has to be read whole" in pulled.unreadable[0].cause


def test_two_writes_within_one_tick_of_the_clock_are_both_seen(inbox, pull):
    path = inbox / "a.jsonl"
    path.write_text('{"a": 1}\n')
    stat = path.stat()
    first = pull(INBOX)
    path.write_text('{"a": 2}\n')
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert pull(INBOX, first.cursor).bodies == [{"a": 2}]


def test_an_old_file_is_known_to_be_unchanged_without_being_read(inbox, pull, monkeypatch):
    path = inbox / "a.jsonl"
    path.write_text('{"a": 1}\n')
    os.utime(path, (1_000_000, 1_000_000))
    first = pull(INBOX)
    monkeypatch.setattr("comity.sources.marks.Prefix.digest", lambda *_: pytest.fail("it was read"))
    assert pull(INBOX, first.cursor).items == ()


def test_memory_does_not_grow_with_the_file(tmp_path):
    import tracemalloc

    peaks = []
    for count in (5_000, 50_000):
        (tmp_path / "a.jsonl").write_text('{"name": "x", "no": 12345}\n' * count)
        (tmp_path / "a.csv").write_text("name,no\n" + "x,12345\n" * count)
        tracemalloc.start()
        for spec in ({"jsonl": {"path": "a.jsonl"}}, {"csv": {"path": "a.csv"}}):
            for batch in open_source(spec, tmp_path).read(None, 100):
                assert all(isinstance(item, Said) for item in batch.items)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 2 + 2_000_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["append", "rewrite", "delete"]), st.integers(0, 4)),
        max_size=8,
    ),
    st.integers(1, 5),
)
def test_whatever_happens_to_the_files_every_line_is_told_at_least_once(inbox, acts, size):
    for old in inbox.iterdir():
        old.unlink()
    source = open_source(INBOX, inbox.parent)
    cursor, told, number = None, set(), 0
    for name, act, count in acts:
        path = inbox / f"{name}.jsonl"
        lines = [json.dumps({"no": number + each}) + "\n" for each in range(count)]
        number += count
        if act == "delete":
            path.unlink(missing_ok=True)
            continue
        path.write_text((path.read_text() if act == "append" and path.exists() else "") + "".join(lines))
        before = cursor
        for batch in source.read(cursor, size):
            told |= {item.body.get("no") for item in batch.items}
            cursor = batch.cursor
        assert told >= {json.loads(line)["no"] for line in lines}
        assert list(source.read(cursor, size)) == [] or before == cursor
