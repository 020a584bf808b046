"""The impact assessment in four steps: what is asked, who answered what, who signed which part, what follows.

Beside this face: :mod:`~comity.agreements.assessment.models` (the values), :mod:`~comity.agreements.assessment.steps`
(moments, risks and measures read from the answers).
"""

from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.check import faults_of
from comity.agreements.assessment.file import canonical, canonical_step, parse_assessment
from comity.agreements.assessment.models import Answer, Assessment, Discipline, Step
from comity.agreements.assessment.writing import write_assessment

__all__ = [
    "Answer",
    "Assessment",
    "Discipline",
    "Step",
    "canonical",
    "canonical_step",
    "faults_of",
    "load_catalogue",
    "parse_assessment",
    "write_assessment",
]
