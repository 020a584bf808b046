"""What words mean: record types and fields, code lists, purposes, lawful bases, roles.

:func:`load` gives the vocabulary, :func:`check_record` says what is wrong with a record's values, in words, and
:func:`json_schema` describes a record to other systems. The values are in :mod:`comity.vocabulary.models`.
"""

from comity.vocabulary.check import check_record, check_rules, check_value
from comity.vocabulary.loader import load, load_from
from comity.vocabulary.models import Field, Label, RecordType, Vocabulary
from comity.vocabulary.schema import json_schema

__all__ = [
    "Field",
    "Label",
    "RecordType",
    "Vocabulary",
    "check_record",
    "check_rules",
    "check_value",
    "json_schema",
    "load",
    "load_from",
]
