"""Threads with a session each: no more than are busy at a time, and every job done once."""

from __future__ import annotations

import threading
from typing import final

import pytest

from customersms_async._postgres.session_threads import SessionThreads
from support.real_time import PATIENCE


@final
class Session:
    """One of ``made``."""

    def __init__(self, made: list[Session]) -> None:
        made.append(self)

    def close(self) -> None: ...


@pytest.fixture
def made() -> list[Session]:
    return []


@pytest.fixture
def threads(made: list[Session]) -> SessionThreads[Session]:
    return SessionThreads("a test", lambda: Session(made), most=3)


def failing(_session: Session) -> None:
    raise ValueError


def doing_nothing(_session: Session) -> None: ...


def test_who_asks_for_one_thing_after_the_other_is_served_over_one_session(
    threads: SessionThreads[Session], made: list[Session]
) -> None:
    heard = threading.Event()
    left = [500]

    def ask_again(_: object) -> None:  # in the thread, the moment that the answer is there
        left[0] -= 1
        if not left[0]:
            heard.set()
            return
        job = failing if left[0] % 2 else doing_nothing
        threads.submit(job).add_done_callback(ask_again)

    threads.submit(doing_nothing).add_done_callback(ask_again)
    assert heard.wait(PATIENCE)
    for thread in threads.stop():
        thread.join(PATIENCE)
    assert len(made) == 1


def test_jobs_at_the_same_time_have_a_session_each_as_long_as_there_may_be_more(
    threads: SessionThreads[Session], made: list[Session]
) -> None:
    both = threading.Barrier(3)
    done = [threads.submit(lambda session: (both.wait(PATIENCE), session)[1]) for _ in range(3)]
    assert len({id(future.result(PATIENCE)) for future in done}) == 3
    more = [threads.submit(lambda session: session) for _ in range(10)]
    assert {id(future.result(PATIENCE)) for future in more} <= {id(session) for session in made}
    for thread in threads.stop():
        thread.join(PATIENCE)
    assert len(made) == 3
