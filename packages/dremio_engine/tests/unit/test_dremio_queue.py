"""The line of jobs: turns, places, bounds."""

import threading

import pytest

from dremio_engine.errors import TooMany
from dremio_engine.jobs.job import Job
from dremio_engine.jobs.queue import FairQueue
from dremio_engine.jobs.results import Rows


def job(user: str) -> Job:
    return Job("select 1", (), user, "REST", Rows(1))


def taken(queue: FairQueue) -> str:
    found = queue.take()
    assert found is not None
    return found.user


def test_users_take_turns_however_many_jobs_one_has() -> None:
    queue = FairQueue(per_user=100, length=100, user_length=100)
    for user in ("a", "a", "a", "b", "c", "b"):
        queue.put(job(user))
    assert [taken(queue) for _ in range(6)] == ["a", "b", "c", "a", "b", "a"]


def test_one_users_jobs_come_in_their_order() -> None:
    queue = FairQueue(per_user=100, length=100, user_length=100)
    jobs = [job("a") for _ in range(5)]
    for each in jobs:
        queue.put(each)
    assert [queue.take() for _ in range(5)] == jobs


def test_a_user_with_all_its_places_taken_waits_while_others_do_not() -> None:
    queue = FairQueue(per_user=1, length=100, user_length=100)
    first, second, other = job("a"), job("a"), job("b")
    for each in (first, second, other):
        queue.put(each)
    assert queue.take() is first
    assert queue.take() is other
    got: list[Job | None] = []
    waiter = threading.Thread(target=lambda: got.append(queue.take()))
    waiter.start()
    waiter.join(0.1)
    assert waiter.is_alive(), "the second job of `a` has no place yet"
    queue.ended(first)
    waiter.join(5)
    assert got == [second]


def test_the_line_and_each_users_part_of_it_are_bounded() -> None:
    queue = FairQueue(per_user=1, length=3, user_length=2)
    queue.put(job("a"))
    queue.put(job("a"))
    with pytest.raises(TooMany, match="queue of jobs is full"):
        queue.put(job("a"))
    queue.put(job("b"))
    with pytest.raises(TooMany):
        queue.put(job("c"))
    assert sorted(each.user for each in queue.waiting()) == ["a", "a", "b"]


def test_a_job_that_waits_can_be_taken_out_once() -> None:
    queue = FairQueue(per_user=1, length=10, user_length=10)
    waiting, other = job("a"), job("a")
    queue.put(waiting)
    queue.put(other)
    assert queue.remove(waiting)
    assert not queue.remove(waiting)
    assert queue.take() is other
    assert not queue.remove(other), "it runs, it does not wait"


def test_closing_sends_every_waiter_home() -> None:
    queue = FairQueue(per_user=1, length=10, user_length=10)
    got: list[Job | None] = []
    waiters = [threading.Thread(target=lambda: got.append(queue.take())) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    queue.close()
    for waiter in waiters:
        waiter.join(5)
    assert got == [None, None, None]
