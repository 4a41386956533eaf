"""The work queue: coalescing, one worker per key, back-off."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from taskdist.cluster.queue import WorkQueue
from taskdist.cluster.writes import Priority, Write, WriteQueue


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.read = 0

    def __call__(self) -> float:
        self.read += 1
        return self.now


async def test_rings_while_a_key_waits_are_one() -> None:
    queue: WorkQueue[str] = WorkQueue(Clock())
    for _ in range(5):
        queue.ring("a")
    queue.ring("b")
    assert [await queue.take(), await queue.take()] == ["a", "b"]
    assert len(queue) == 2


async def test_a_key_in_work_is_not_given_to_a_second_worker_but_remembered() -> None:
    queue: WorkQueue[str] = WorkQueue(Clock())
    queue.ring("a")
    key = await queue.take()
    queue.ring("a")
    second = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not second.done()
    queue.done(key)
    assert await asyncio.wait_for(second, 5) == "a"


async def spin() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_key_wakes_one_worker() -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(clock)
    workers = [asyncio.create_task(queue.take()) for _ in range(4)]
    await spin()
    looks = clock.read
    queue.ring("a")
    queue.ring("a")
    await spin()
    assert ([worker.done() for worker in workers].count(True), clock.read - looks) == (1, 1)
    queue.ring("b")
    queue.ring("c")
    await spin()
    assert ([worker.done() for worker in workers].count(True), clock.read - looks) == (3, 3)
    queue.ring("d")
    assert {await asyncio.wait_for(worker, 5) for worker in workers} == {"a", "b", "c", "d"}


async def test_an_appointment_is_kept_though_who_minded_it_got_other_work() -> None:
    queue: WorkQueue[str] = WorkQueue(asyncio.get_running_loop().time)
    workers = [asyncio.create_task(queue.take()) for _ in range(3)]
    await spin()
    queue.ring_later("soon", 0.05)
    await spin()
    for key in ("now", "too"):
        queue.ring(key)
        await spin()
    assert {await asyncio.wait_for(worker, 5) for worker in workers} == {"now", "too", "soon"}


@pytest.mark.parametrize("rung_first", [True, False])
async def test_a_key_is_not_lost_with_who_is_cancelled(*, rung_first: bool) -> None:
    queue: WorkQueue[str] = WorkQueue(Clock())
    first, second = (asyncio.create_task(queue.take()) for _ in range(2))
    await spin()
    if rung_first:
        queue.ring("a")
    first.cancel()
    if not rung_first:
        queue.ring("a")
    assert await asyncio.wait_for(second, 5) == "a"


async def test_failures_back_off_and_success_forgets_them() -> None:
    queue: WorkQueue[str] = WorkQueue(Clock())
    pauses = []
    for _ in range(4):
        queue.ring("a")
        pauses.append(queue.failed(await queue.take()))
    assert pauses == [0.1, 0.2, 0.4, 0.8]
    queue.ring("a")
    queue.done(await queue.take())
    queue.ring("a")
    assert queue.failed(await queue.take()) == 0.1


async def test_the_server_may_ask_for_a_longer_pause() -> None:
    queue: WorkQueue[str] = WorkQueue(Clock())
    queue.ring("a")
    assert queue.failed(await queue.take(), retry_after=7.0) == 7.0


async def test_an_appointment_is_kept_and_an_earlier_one_stands() -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(clock)
    queue.ring_later("a", 1.0)
    queue.ring_later("a", 60.0)
    clock.now = 1.0
    assert await asyncio.wait_for(queue.take(), 5) == "a"


async def test_groups_take_turns() -> None:
    queue: WorkQueue[str] = WorkQueue(Clock(), group=lambda key: key[0])
    for key in ("a1", "a2", "a3", "b1", "b2", "c1"):
        queue.ring(key)
    queue.ring("a1")
    queue.forget("b2")
    assert len(queue) == 5
    assert [await queue.take() for _ in range(5)] == ["a1", "b1", "c1", "a2", "a3"]
    queue.forget("a9")
    assert not queue._ready


async def test_writes_of_one_namespace_keep_those_of_another_waiting_for_one_only() -> None:
    writes, done, over = WriteQueue(1), list[str](), asyncio.Event()

    def write(name: str) -> Write:
        async def run() -> None:
            done.append(name)
            if len(done) == 5:
                writes.put(Priority.PREPARE, write("c"), "c")
            if len(done) == 104:
                over.set()

        return run

    for number in range(100):
        writes.put(Priority.PREPARE, write(f"a{number}"), "a")
    for number in range(2):
        writes.put(Priority.PREPARE, write(f"b{number}"), "b")
    writes.put(Priority.POD, write("a-pod"), "a")
    lane = asyncio.create_task(writes.run())
    await asyncio.wait_for(over.wait(), 30)
    lane.cancel()
    await asyncio.gather(lane, return_exceptions=True)
    assert done[:5] == ["a-pod", "b0", "a0", "b1", "a1"]
    assert done.index("c") < 8, "who comes late does not go behind what has waited longer"
    assert [name for name in done if name.startswith("a") and name != "a-pod"] == [f"a{n}" for n in range(100)]


async def test_pods_of_one_namespace_do_not_keep_the_subtasks_of_another_waiting() -> None:
    """Who has always one more pod to start would else keep all others from beginning."""
    writes, done, over = WriteQueue(1), list[str](), asyncio.Event()

    def pod(number: int) -> Write:
        async def run() -> None:
            done.append(f"pod {number}")
            if number < 50:
                writes.put(Priority.POD, pod(number + 1), "a")

        return run

    async def subtask() -> None:
        done.append("subtask")
        over.set()

    for number in range(10):
        writes.put(Priority.POD, pod(number), "a")
    writes.put(Priority.PREPARE, subtask, "b")
    lane = asyncio.create_task(writes.run())
    await asyncio.wait_for(over.wait(), 30)
    lane.cancel()
    await asyncio.gather(lane, return_exceptions=True)
    assert done[:2] == ["pod 0", "subtask"]


async def test_of_one_namespace_the_priority_decides() -> None:
    writes, done, over = WriteQueue(1), list[Priority](), asyncio.Event()

    def write(priority: Priority) -> Write:
        async def run() -> None:
            done.append(priority)
            if len(done) == len(Priority):
                over.set()

        return run

    for priority in reversed(Priority):
        writes.put(priority, write(priority), "a")
    lane = asyncio.create_task(writes.run())
    await asyncio.wait_for(over.wait(), 30)
    lane.cancel()
    await asyncio.gather(lane, return_exceptions=True)
    assert done == list(Priority)
    assert (len(writes), writes._waiting) == (0, {})


class Slow:
    """Writes that last until they are let go."""

    def __init__(self, writes: WriteQueue) -> None:
        self.writes = writes
        self.under_way: list[str] = []
        self._ends: dict[str, list[asyncio.Event]] = {}

    def put(self, namespace: str, number: int = 1) -> None:
        for _ in range(number):
            self.writes.put(Priority.POD, self._write(namespace), namespace)

    def _write(self, namespace: str) -> Write:
        async def run() -> None:
            end = asyncio.Event()
            self._ends.setdefault(namespace, []).append(end)
            self.under_way.append(namespace)
            await end.wait()
            self.under_way.remove(namespace)

        return run

    async def end(self, namespace: str) -> None:
        self._ends[namespace].pop(0).set()
        await spin()

    def count(self, namespace: str) -> int:
        return self.under_way.count(namespace)


async def test_a_namespace_has_all_places_while_it_is_alone_and_a_third_beside_another() -> None:
    clock = Clock()
    writes = WriteQueue(6, clock)
    slow = Slow(writes)
    lanes = asyncio.create_task(writes.run())
    slow.put("greedy", 40)
    await spin()
    assert slow.count("greedy") == 6
    slow.put("modest")
    for _ in range(5):
        await slow.end("greedy")
    assert (slow.count("greedy"), slow.count("modest")) == (2, 1)
    await slow.end("modest")
    for _ in range(10):
        await slow.end("greedy")
        assert slow.count("greedy") == 2, "the other may come back"
    clock.now = 4.9
    slow.put("modest")
    await spin()
    assert slow.count("modest") == 1, "there is always a place for it"
    await slow.end("modest")
    clock.now = 9.0
    await slow.end("greedy")
    assert slow.count("greedy") == 2
    clock.now = 10.0
    await slow.end("greedy")
    assert slow.count("greedy") == 6, "it is alone again"
    lanes.cancel()
    await asyncio.gather(lanes, return_exceptions=True)


async def test_all_writes_are_made_whatever_the_shares() -> None:
    for in_flight in (1, 2, 3, 6, 7):
        writes, done, over = WriteQueue(in_flight), Counter[str](), asyncio.Event()

        def write(namespace: str, done: Counter[str] = done, over: asyncio.Event = over) -> Write:
            async def run() -> None:
                await asyncio.sleep(0)
                done[namespace] += 1
                if done.total() == 90:
                    over.set()

            return run

        lanes = asyncio.create_task(writes.run())
        for number in range(90):
            writes.put(Priority.POD, write("abc"[number % 3]), "abc"[number % 3])
            if number % 7 == 0:
                await asyncio.sleep(0)
        await asyncio.wait_for(over.wait(), 30)
        await spin()
        assert done == Counter(a=30, b=30, c=30)
        assert (len(writes), writes._under_way) == (0, Counter())
        lanes.cancel()
        await asyncio.gather(lanes, return_exceptions=True)


async def prepared_beside(*, modest: bool, greedy: int, priority: Priority) -> int:
    """How many of a namespace's writes are made while each takes no time at all by the clock, but a rest from it lasts."""
    clock = Clock()
    writes, done = WriteQueue(6, clock), list[str]()

    def write(namespace: str) -> Write:
        async def run() -> None:
            clock.now += 0.3  # by what the queue can see
            done.append(namespace)

        return run

    if modest:
        writes.put(Priority.POD, write("modest"), "modest")
    for _ in range(greedy):
        writes.put(priority, write("greedy"), "greedy")
    lanes = asyncio.create_task(writes.run())
    await spin()
    clock.now = 0.0
    made = done.count("greedy")
    lanes.cancel()
    await asyncio.gather(lanes, return_exceptions=True)
    return made


async def test_who_has_much_to_prepare_rests_after_each_write_if_others_are_about() -> None:
    assert await prepared_beside(modest=True, greedy=20, priority=Priority.PREPARE) == 1
    assert await prepared_beside(modest=False, greedy=20, priority=Priority.PREPARE) == 20
    assert await prepared_beside(modest=True, greedy=6, priority=Priority.PREPARE) == 6, "who has little does not rest"
    assert await prepared_beside(modest=True, greedy=20, priority=Priority.POD) == 20, (
        "work that is done is written at once"
    )


async def test_what_rests_goes_on_by_itself() -> None:
    writes, over, done = WriteQueue(6), asyncio.Event(), list[int]()

    def write(number: int) -> Write:
        async def run() -> None:
            await asyncio.sleep(0)
            done.append(number)
            if len(done) == 41:
                over.set()

        return run

    lanes = asyncio.create_task(writes.run())
    writes.put(Priority.POD, write(-1), "modest")
    for number in range(40):
        writes.put(Priority.PREPARE, write(number), "greedy")
    await asyncio.wait_for(over.wait(), 30)
    assert sorted(done) == list(range(-1, 40))
    lanes.cancel()
    await asyncio.gather(lanes, return_exceptions=True)
