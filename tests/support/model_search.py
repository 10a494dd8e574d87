"""The look at every history of a model: all worlds that may come to be, each once, nearest first."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

W = TypeVar("W")


class WrongError(Exception):
    """A promise is broken."""


class Search(NamedTuple, Generic[W]):
    """What was found: the worlds, if asked for those that may follow each by their numbers, and what went wrong."""

    worlds: list[W]
    following: list[list[int]]
    wrong: set[str]

    def without_a_way_to(self, settled: Callable[[W], bool]) -> list[W]:
        """Worlds from which no history leads to a settled one."""
        before: list[list[int]] = [[] for _ in self.worlds]
        for number, following in enumerate(self.following):
            for each in following:
                before[each].append(number)
        todo = [number for number, world in enumerate(self.worlds) if settled(world)]
        good = set(todo)
        while todo:
            for each in before[todo.pop()]:
                if each not in good:
                    good.add(each)
                    todo.append(each)
        return [world for number, world in enumerate(self.worlds) if number not in good]


def search(
    starts: Iterable[W], following: Callable[[W], Iterable[W]], until: str = "", *, keeps_following: bool = False
) -> Search[W]:
    """Look at every world that may come after any of ``starts``.

    ``following`` gives the worlds that may come next, or raises ``WrongError``: then nothing that follows is looked at.
    Nothing more is once ``until`` went wrong.
    """
    found: Search[W] = Search(list(starts), [], set())
    numbers, todo = {world: number for number, world in enumerate(found.worlds)}, deque(found.worlds)
    while todo and until not in found.wrong:
        after: list[int] = []
        if keeps_following:
            found.following.append(after)
        try:
            every = list(following(todo.popleft()))
        except WrongError as error:
            found.wrong.add(str(error))
            continue
        for world in every:
            number = numbers.setdefault(world, len(found.worlds))
            if number == len(found.worlds):
                found.worlds.append(world)
                todo.append(world)
            if keeps_following:
                after.append(number)
    return found
