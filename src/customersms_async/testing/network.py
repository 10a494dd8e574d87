"""A network between a quota store and its server that loses, delays, doubles and reorders messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, final

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

FATES = ("arrives", "is lost", "is late", "comes twice", "is sent again", "is answered to nobody")


@final
class Network:
    """Carries each message as ``fate`` says, one of ``FATES`` or None for one of them by the dice.

    *Is late*: the sender hears of a lost connection, and the message arrives when ``deliver`` is called. *Comes twice*:
    a copy of it arrives then. *Is sent again*: as by a client that has lost the first answer, and hears the second.

    Example:
        ```python
        import asyncio
        import random

        network = Network(random.Random(1))
        network.fate = "is lost"
        try:
            await network.carry(lambda: asyncio.sleep(0, "an answer"))
        except ConnectionError:
            network.fate = "arrives"
        print(await network.carry(lambda: asyncio.sleep(0, "an answer")))
        ```
    """

    def __init__(self, dice: random.Random) -> None:
        self.fate: str | None = FATES[0]
        self._dice = dice
        self._late: list[Callable[[], Awaitable[object]]] = []

    async def carry(self, send: Callable[[], Awaitable[T]]) -> T:
        """The answer to a message, which ``send`` brings to the server.

        Raises:
            ConnectionError: if none comes.
        """
        fate = self.fate or self._dice.choice(FATES + FATES[:1] * 4)
        if fate in ("is late", "comes twice"):
            self._late.append(send)
        if fate in ("is late", "is lost"):
            raise ConnectionError("the message was lost")
        if fate == "is sent again":
            await send()
        answer = await send()
        if fate == "is answered to nobody":
            raise ConnectionError("the answer was lost")
        return answer

    async def deliver(self, at_most: int | None = None) -> None:
        """Let what is late arrive, in any order, and perhaps twice: ``at_most`` so many times, or all of it.

        Raises:
            Exception: what the ``send`` of a message raises.
        """
        for _ in range(len(self._late) if at_most is None else min(at_most, len(self._late))):
            send = self._late.pop(self._dice.randrange(len(self._late)))
            await send()
            if self._dice.random() < 0.3:
                await send()
