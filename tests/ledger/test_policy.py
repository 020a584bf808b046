"""The file that says whom to believe, against C2SP tlog-policy."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from comity.ledger.cosignature import Cosigner, Kind
from comity.ledger.errors import PolicyError
from comity.ledger.note import Signer
from comity.ledger.policy import Policy

LOG = Signer("log.example", b"l" * 32)
KEYS = {
    name: Cosigner(f"{name}.example", kind, name.encode() * 16).key
    for name, kind in zip(("X1", "X2", "X3", "Y1", "Y2", "Y3"), list(Kind) * 3, strict=True)
}
# C2SP tlog-policy: its example, with keys.
EXAMPLE = f"""
log {LOG.vkey()}

witness X1 {KEYS["X1"].vkey}
witness X2 {KEYS["X2"].vkey}
 \t witness\tX3  {KEYS["X3"].vkey} https://x3.example/witness \t
group X-witnesses 2 X1 X2 X3
# a comment
  # another
witness Y1 {KEYS["Y1"].vkey}
witness Y2 {KEYS["Y2"].vkey}
witness Y3 {KEYS["Y3"].vkey}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def test_the_example_means_what_the_specification_says() -> None:
    policy = Policy.parse(EXAMPLE)
    assert [it.key for it in policy.logs] == policy.keys_of(LOG.name) == [LOG.verifier]
    assert {it.name: it.key for it in policy.witnesses} == KEYS
    assert [it.url for it in policy.witnesses if it.url] == ["https://x3.example/witness"]
    for names in chain.from_iterable(combinations(KEYS, count) for count in range(7)):
        xs, ys = (sum(name[0] == letter for name in names) for letter in "XY")
        assert policy.is_met(names) == (xs >= 2 and ys >= 1)


def test_a_quorum_of_nobody_is_always_met_and_of_one_witness_by_it() -> None:
    assert Policy.parse("quorum none\n").is_met(())
    one = Policy.parse(f"witness w {KEYS['X1'].vkey}\nquorum w\n")
    assert (one.is_met(()), one.is_met(["v"]), one.is_met(["w"])) == (False, False, True)
    assert one.keys_of("anything") == []


def test_a_name_is_its_bytes() -> None:
    policy = Policy.parse(f"witness \u212a {KEYS['X1'].vkey}\nwitness K {KEYS['X2'].vkey}\nquorum K\n")
    assert not policy.is_met(["\u212a"])


@pytest.mark.parametrize(
    "text",
    [
        "", "quorum\n", "quorum w\n", "quorum none\nquorum none\n", "quorum none\r\n", "quorum none x\n", "nonsense\n",
        "log x\nquorum none\n", "log\nquorum none\n", "witness w\nquorum none\n", "quorum none\x0b\n",
        "group g all\nquorum none\n", "group g any none\nquorum none\n", "quorum w\nwitness w {w}\n",
        "witness none {w}\nquorum none\n", "witness w {w}\nwitness w {v}\nquorum none\n",
        "witness w {w}\nwitness v {w}\nquorum none\n", "witness w {l}\nquorum none\n", "witness w {w} a b\nquorum none\n",
        "witness w {w}\ngroup w any w\nquorum none\n", "witness w {w}\ngroup g 0 w\nquorum g\n",
        "witness w {w}\ngroup g 2 w\nquorum g\n", "witness w {w}\ngroup g 01 w\nquorum g\n",
        "witness w {w}\ngroup g any w w\nquorum g\n", "witness w {w}\ngroup g any w\ngroup h any w\nquorum g\n",
        "group g any w\nwitness w {w}\nquorum g\n", "log {l}\nlog {l}\nquorum none\n", "witness w {w}\n",
    ],
)  # fmt: skip
def test_a_policy_that_is_not_understood_is_refused(text: str) -> None:
    filled = text.format(w=KEYS["X1"].vkey, v=KEYS["X2"].vkey, l=LOG.vkey())
    with pytest.raises(PolicyError):
        Policy.parse(filled)


def test_the_line_that_is_wrong_is_named() -> None:
    with pytest.raises(PolicyError, match="Line 2 of the policy"):
        Policy.parse("# first\nnonsense\nquorum none\n")
