"""Write the agreement file's JSON Schema into the documentation: ``python -m comity.agreements [FOLDER]``.

FOLDER is ``docs/reference`` unless given.
"""

from __future__ import annotations

import sys
from pathlib import Path

from comity import vocabulary
from comity.agreements.schema import PATH, schema_text

if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference") / PATH
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(schema_text(vocabulary.load()), encoding="utf-8")
