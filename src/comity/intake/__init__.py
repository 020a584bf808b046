"""The way in: a source's messages are put into the common vocabulary, and admitted or held, each with its reasons.

:class:`Intake` pulls, receives and replays; :func:`load_mapping` reads a mapping file, :func:`check_mapping` tells its
mistakes and :func:`try_mapping` what it would do. What a steward sees is in :mod:`comity.intake.steward`, what people
decide about who is who in :mod:`comity.intake.deciding`.
"""

from comity.intake.check import check_mapping, load_mapping
from comity.intake.errors import IntakeError, MappingError
from comity.intake.intake import Intake
from comity.intake.models import Fault, Mapping, Mistake, Outcome
from comity.intake.trial import try_mapping

__all__ = [
    "Fault",
    "Intake",
    "IntakeError",
    "Mapping",
    "MappingError",
    "Mistake",
    "Outcome",
    "check_mapping",
    "load_mapping",
    "try_mapping",
]
