"""What is watched over: when what is held has to go, what keeps it, and whether whoever received it deleted it too.

:func:`due_of` says when one statement has to go and by which rule, :func:`forecast` what comes due and :func:`run`
erases what is due. The values are in :mod:`comity.oversight.models`.
"""

from comity.oversight.due import due_of
from comity.oversight.retention import forecast, review, run

__all__ = ["due_of", "forecast", "review", "run"]
