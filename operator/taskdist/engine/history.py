"""What finished attempts taught: of each agent type as a whole, and of each task that it has run, known again by its work.

Durations and amounts of the whole are told at middle complexity, so that easy and hard tasks teach the same; those of one
task are as they were. Everything is bounded: the whole by its sketches, the tasks by their number. See
docs/planning.md, "What finished attempts teach".
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from taskdist.engine.delays import MICRO, PRIOR
from taskdist.engine.durations import factor
from taskdist.engine.model import Delay, Delays, Observation, TaskObservation
from taskdist.engine.resources import MIB, band
from taskdist.engine.sketch import Sketch

if TYPE_CHECKING:
    from taskdist.engine.delays import Step
    from taskdist.engine.model import Complexity, Work

MOST_TASKS: Final = 64
"""Tasks that are remembered of an agent type."""
_MOST_ONCE: Final = 16
"""Of which so many may have been seen once only: a crowd of new ones must not push out what comes again and again."""
WHOLE, TASK = 400, 32
"""Attempts that the sketches hold before they are halved: of the agent type, of one task."""
STEPS: Final = 128
"""Steps between attempts that count before all are halved: what starts took an hour ago says little of now."""
TURNS: Final = 1024
"""The same of turns. They are short, and vary: answers come in bunches."""
_FEW: Final = 4
"""With fewer others under way, a step tells how long it takes alone; with more, what each of them adds."""
_OUTLIER: Final = 5.0
"""A step counts as at most so many times what was expected: one pull of an image is no start."""
_LONG_TURN: Final = 20.0
"""Likewise for a turn: a server that was away for a while says nothing about its pace."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one attempt showed; ``None`` is unknown. ``…_above``: it was ended for want of more, so the need is greater."""

    seconds: float | None = None
    seconds_above: bool = False
    memory_bytes: int | None = None
    memory_above: bool = False
    cpu_millis: int | None = None


@dataclass(slots=True)
class Known:
    """Sketches of what attempts took, in seconds, MiB and thousandths of a core; ``samples`` is how many there ever were."""

    most: int
    samples: int = 0
    seconds: Sketch = field(init=False)
    memory: Sketch = field(init=False)
    cpu: Sketch = field(init=False)

    def __post_init__(self) -> None:
        self.seconds, self.memory, self.cpu = Sketch(self.most), Sketch(self.most), Sketch(self.most)

    def add(self, run: Run, hardness: float = 1.0, size: float = 1.0) -> None:
        """Take in one attempt whose duration is to be divided by ``hardness`` and whose amounts by ``size``."""
        self.samples += 1
        if run.seconds is not None:
            self.seconds.add(run.seconds / hardness, above=run.seconds_above, even=True)
        if run.memory_bytes is not None:
            self.memory.add(run.memory_bytes / MIB / size, above=run.memory_above)
        if run.cpu_millis is not None:
            self.cpu.add(run.cpu_millis / size)

    def read(self, samples: int, seconds: str, memory: str, cpu: str) -> Known:
        """Take on what was written down."""
        self.samples = samples
        self.seconds, self.memory, self.cpu = (Sketch.read(text, self.most) for text in (seconds, memory, cpu))
        return self


@dataclass(slots=True)
class KnownDelay:
    """Sums over the steps of one kind, in seconds; ``expected`` is how long one takes before any was seen.

    ``samples`` steps that found hardly any other under way took ``seconds`` together. ``crowded`` ones, on a busy server or
    beside more, found ``others`` and took ``crowded_seconds``. ``turns`` writes of a busy server took ``turn_seconds``, one after
    the other.
    """

    expected: Step
    samples: int = 0
    seconds: float = 0.0
    crowded: int = 0
    crowded_seconds: float = 0.0
    others: int = 0
    turns: int = 0
    turn_seconds: float = 0.0

    def add(self, seconds: float, others: int, *, busy: bool = False) -> None:
        """Take in one step that found ``others`` under way, or a server that was ``busy`` all the same."""
        seconds = min(seconds, _OUTLIER * (self.alone + others * self.crowd))
        if others < _FEW and not busy:
            self.samples, self.seconds, _ = _counted(self.samples + 1, self.seconds + seconds, 0, STEPS)
        else:
            self.crowded, self.crowded_seconds, self.others = _counted(
                self.crowded + 1, self.crowded_seconds + seconds, self.others + others, STEPS
            )

    def add_turn(self, seconds: float) -> None:
        """Take in the time from the end of one write to the end of this one, while more waited."""
        seconds = min(seconds, _LONG_TURN * max(self.turn, self.expected.turn / MICRO))
        self.turns, self.turn_seconds, _ = _counted(self.turns + 1, self.turn_seconds + seconds, 0, TURNS)

    @property
    def turn(self) -> float:
        """Mean seconds from the end of one write to the end of the next, while more wait."""
        return self.turn_seconds / self.turns if self.turns else self.expected.turn / MICRO

    @property
    def alone(self) -> float:
        """Mean seconds of a step that finds hardly any other under way."""
        return self.seconds / self.samples if self.samples else self.expected.alone / MICRO

    @property
    def crowd(self) -> float:
        """Seconds that each other adds: what crowded steps took beyond that, over the others that they found (ratio estimate)."""
        if not self.others:
            return self.expected.crowd / MICRO
        return max(0.0, (self.crowded_seconds - self.crowded * self.alone) / self.others)

    def delay(self) -> Delay:
        """What plans are made with."""
        return Delay(
            self.alone if self.samples else 0.0,
            self.samples,
            self.crowd if self.crowded else 0.0,
            self.crowded,
            self.turn if self.turns else 0.0,
            self.turns,
        )


def _counted(count: int, seconds: float, others: int, most: int) -> tuple[int, float, int]:
    """Sums over ``count`` of something, made into those over half of ``most`` once it is more: the past counts less and less."""
    if count <= most:
        return count, seconds, others
    share = most // 2 / count
    return most // 2, seconds * share, round(others * share)


@dataclass(slots=True)
class KnownDelays:
    """The three steps of an agent type's subtasks."""

    opening: KnownDelay = field(default_factory=lambda: KnownDelay(PRIOR.opening))
    start: KnownDelay = field(default_factory=lambda: KnownDelay(PRIOR.start))
    hand_over: KnownDelay = field(default_factory=lambda: KnownDelay(PRIOR.hand_over))


@dataclass(slots=True)
class Learned:
    """All that the attempts of one agent type taught. ``tasks`` holds the one seen last at its end."""

    whole: Known = field(default_factory=lambda: Known(WHOLE))
    tasks: dict[str, Known] = field(default_factory=dict)
    delays: KnownDelays = field(default_factory=KnownDelays)

    def add(self, run: Run, complexity: Complexity, key: str = "") -> None:
        """Take in one attempt of the task ``key``; without a key it only counts for the whole."""
        self.whole.add(run, factor(complexity), band(complexity.score))
        if not key:
            return
        task = self.tasks.pop(key, None) or Known(TASK)
        task.add(run)
        self.tasks[key] = task
        if len(self.tasks) > MOST_TASKS:
            once = [known for known, task in self.tasks.items() if task.samples == 1]
            oldest = once if len(once) > _MOST_ONCE else [k for k in self.tasks if k not in set(once)]
            del self.tasks[oldest[0]]

    def observation(self, agent_type: str) -> Observation:
        """The quantiles that plans are made with."""
        whole = _told("", self.whole)
        return Observation(
            agent_type,
            samples=whole.samples,
            seconds_p50=whole.seconds_p50,
            seconds_p90=whole.seconds_p90,
            memory_bytes_p95=whole.memory_bytes_p95,
            cpu_millis_p95=whole.cpu_millis_p95,
            measured=whole.measured,
            tasks=tuple(_told(key, task) for key, task in sorted(self.tasks.items())),
            seconds_mean=whole.seconds_mean,
            delays=Delays(self.delays.opening.delay(), self.delays.start.delay(), self.delays.hand_over.delay()),
        )


def _told(key: str, known: Known) -> TaskObservation:
    return TaskObservation(
        key,
        samples=len(known.seconds),
        seconds_p50=known.seconds.quantile(0.5),
        seconds_p90=known.seconds.quantile(0.9),
        measured=len(known.memory),
        memory_bytes_p95=round(known.memory.quantile(0.95) * MIB),
        cpu_millis_p95=round(known.cpu.quantile(0.95)),
        seconds_mean=known.seconds.mean(),
    )


def task_key(agent_type: str, description: str, work: Work, item: str = "") -> str:
    """By what a task is known again: who does it, and its script or command; the description where it has neither.

    Its name, its place in a graph and the item of a fan-out do not matter: what differs in those takes about the same.
    """
    if work.is_text_only:
        text = " ".join(description.casefold().split())
        if item:
            text = re.sub(rf"(?<!\w){re.escape(' '.join(item.casefold().split()))}(?!\w)", "$(item)", text)
        told: list[object] = [text]
    else:
        told = [work.script, work.command, work.args]
    digest = hashlib.sha256(json.dumps([agent_type, told, sorted(work.env)], ensure_ascii=True).encode())
    return digest.hexdigest()[:16]
