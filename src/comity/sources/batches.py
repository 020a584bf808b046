"""Items into batches, each with the cursor that stands right after its last item.

A source's generator stands still while a batch is closed, so its mark is worked out only then: once per batch, not once
per item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from comity.sources.models import Batch, Item


@dataclass(frozen=True, slots=True)
class Step:
    """One step through the part ``key`` of a source (a file): an item, or None where only the mark moved.

    ``mark`` says how far the part is read right after this step; it may be asked until the next step is taken. The last
    step of every part carries no item.
    """

    item: Item | None
    key: str
    mark: Callable[[], Any]


def batches(
    steps: Iterable[Step],
    marks: Mapping[str, Any],
    size: int,
    encode: Callable[[Mapping[str, Any]], str],
) -> Iterator[Batch]:
    """Yield the items of ``steps`` in batches of at most ``size``, after ``marks``; none without an item.

    A full batch is held back until the next item is seen, so that its cursor also says which parts ended with it.
    """
    if size < 1:
        raise RuntimeError(f"a batch of {size} items holds nothing")
    now = dict(marks)
    items: list[Item] = []
    for step in steps:
        if step.item is None:
            now[step.key] = step.mark()
            continue
        if len(items) == size:
            yield Batch(tuple(items), encode(now))
            items = []
        items.append(step.item)
        if len(items) == size:
            now[step.key] = step.mark()
    if items:
        yield Batch(tuple(items), encode(now))
