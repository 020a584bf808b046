"""Who is who: which source persons are one human being, with the evidence, explained and reversible."""

from comity.people.judge import explain, judge, resolve, undo
from comity.people.models import Features
from comity.people.place import place, place_many, remove
from comity.people.questions import open_questions
from comity.people.relink import relink

__all__ = [
    "Features",
    "explain",
    "judge",
    "open_questions",
    "place",
    "place_many",
    "relink",
    "remove",
    "resolve",
    "undo",
]
