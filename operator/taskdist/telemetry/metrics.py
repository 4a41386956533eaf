"""Prometheus metrics. Labels are bounded: never a name or a UID of a user's object."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, start_http_server

RECONCILE_ERRORS = Counter("taskdist_reconcile_errors", "Reconciles that ended with an unexpected error.")
WRITE_ERRORS = Counter("taskdist_write_errors", "Writes that ended with an unexpected error.")
DECIDE_SECONDS = Histogram(
    "taskdist_decide_seconds", "Time of one decision.", buckets=(0.0001, 0.001, 0.01, 0.1, 1, 10)
)
PLAN_SECONDS = Histogram("taskdist_plan_seconds", "Time of one plan.", buckets=(0.01, 0.1, 0.5, 1, 5, 10, 60))
WATCH_RELISTS = Gauge("taskdist_watch_relists", "Lists made by the raw watches since the start.")
DISTRIBUTIONS = Gauge("taskdist_distributions", "TaskDistributions known.")
QUEUE_DEPTH = Gauge("taskdist_queue_depth", "Keys waiting or in work.")
WRITES_WAITING = Gauge("taskdist_writes_waiting", "Writes that wait for their turn.")
TASKS = Gauge("taskdist_tasks", "Tasks of the operator's own loop: requests under way, watches, workers.")
OPEN_CIRCUITS = Gauge(
    "taskdist_open_circuits", "Providers and agent types that are left alone because they keep failing.", ["kind"]
)
ATTEMPTS = Counter("taskdist_attempts", "Attempts that ended, by how.", ["reason"])


def serve(port: int) -> None:
    """Serve ``/metrics`` on a port, in a thread of its own."""
    start_http_server(port)
