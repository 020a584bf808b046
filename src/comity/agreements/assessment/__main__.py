"""Write what the documentation says of the catalogue: ``python -m comity.agreements.assessment [FILE]``.

FILE is ``docs/reference/assessment.md`` unless given.
"""

from __future__ import annotations

import sys
from pathlib import Path

from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.reference import reference_page

if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference/assessment.md")
    target.write_text(reference_page(load_catalogue()), encoding="utf-8")
