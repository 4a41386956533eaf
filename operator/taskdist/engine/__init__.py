"""The planner: pure, deterministic, and without knowledge of Kubernetes. ``plan`` is the one entry."""

from taskdist.engine.planner import plan

__all__ = ["plan"]
