"""A made-up world: people, what happens to them, and how six agencies' systems write it down.

Everything is drawn from one seed, so the same seed and size give the same files to the byte. Nobody in it exists.
"""

from comity.demo.world.build import build
from comity.demo.world.files import write
from comity.demo.world.models import World

__all__ = ["World", "build", "write"]
