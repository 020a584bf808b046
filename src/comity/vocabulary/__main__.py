"""Write what the documentation says of the vocabulary: ``python -m comity.vocabulary [FOLDER]``.

FOLDER is ``docs/reference`` unless given.
"""

from __future__ import annotations

import sys
from pathlib import Path

from comity.vocabulary.loader import load
from comity.vocabulary.pages import write_pages

if __name__ == "__main__":
    write_pages(load(), Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
