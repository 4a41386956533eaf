"""Resource-constrained scheduling: see docs/planning.md and docs/adr/0003-schedule.md."""

from taskdist.engine.schedule.problem import Problem, is_feasible, makespan, pack, problem
from taskdist.engine.schedule.solve import Effort, Schedule, solve

__all__ = ["Effort", "Problem", "Schedule", "is_feasible", "makespan", "pack", "problem", "solve"]
