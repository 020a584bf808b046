"""What words mean: record types and fields, code lists, purposes, lawful bases, roles.

:func:`load` gives the vocabulary; everything else is a value in it.
"""

from comity.vocabulary.loader import load, load_from
from comity.vocabulary.models import Field, Label, RecordType, Vocabulary

__all__ = ["Field", "Label", "RecordType", "Vocabulary", "load", "load_from"]
