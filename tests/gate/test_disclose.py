"""What leaves, what is logged, and that neither happens without the other."""

from __future__ import annotations

from comity.gate import Disclosure


def test_a_covered_person_is_disclosed_in_the_agreed_form(world, accused):
    world.agree()
    answer = world.ask(accused)
    assert isinstance(answer, Disclosure)
    [person], [charge] = answer.rows["person"], answer.rows["charge"]
    assert dict(person.values) == {"name": "Ann Example", "birth_date": "1987"}
    assert dict(charge.values) == {"offence": "Burglary"}
    assert set(answer.rows) == {"person", "charge"}
