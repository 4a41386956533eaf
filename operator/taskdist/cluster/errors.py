"""What an API request can end with, besides success."""

from __future__ import annotations


class ClusterUnreachableError(Exception):
    """No API server answered: wrong address, no kubeconfig, or the network is down. The message is for the user."""


class ApiError(Exception):
    """The API server answered with an error.

    Attributes:
        status: HTTP status code.
        reason: ``Status.reason`` such as ``AlreadyExists``, ``Conflict``, ``NotFound``, ``Expired``; empty if none came.
        message: the server's own sentence.
        retry_after: seconds the server asks to wait, or ``None``.
    """

    def __init__(self, status: int, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status} {reason}: {message}" if reason else f"{status}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after

    @property
    def transient(self) -> bool:
        """True if the same request may succeed later without any change."""
        return self.status in {408, 429} or self.status >= 500

    @property
    def namespace_ends(self) -> bool:
        """True if the object's namespace is being deleted: whatever is in it goes soon, and nobody is to blame."""
        return self.status == 403 and "because it is being terminated" in self.message

    @property
    def gone(self) -> bool:
        """True if a list or watch must start anew (410, by either of its two names)."""
        return self.status == 410 or self.reason in {"Gone", "Expired"}
