"""Kubernetes quantities: CPU in thousandths of a core, memory in bytes, exact.

Grammar: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal

_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{s: Decimal(10) ** (3 * i) for i, s in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
    **{s: Decimal(2) ** (10 * i) for i, s in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
}
_QUANTITY = re.compile(r"([+-]?)([0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:([eE][+-]?[0-9]{1,3})|([numkMGTPE]|[KMGTPE]i)?)")
_MOST = 2**63 - 1
_BINARY = (("Ei", 2**60), ("Pi", 2**50), ("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


def parse_cpu_millis(text: str) -> int:
    """CPU in thousandths of a core, rounded up: ``500m`` is 500, ``2`` is 2000.

    Raises:
        ValueError: not a quantity, negative, or beyond 2^63.
    """
    return _whole(_amount(text, "CPU") * 1000, text)


def parse_memory_bytes(text: str) -> int:
    """Memory in bytes, rounded up: ``1Gi`` is 2^30.

    Raises:
        ValueError: not a quantity, negative, or beyond 2^63.
    """
    return _whole(_amount(text, "memory"), text)


def format_cpu(millis: int) -> str:
    """CPU as people write it: whole cores without a suffix, else ``500m``."""
    cores, rest = divmod(millis, 1000)
    return f"{millis}m" if rest else str(cores)


def format_memory(memory_bytes: int) -> str:
    """Memory with the largest binary suffix that keeps it a whole number: ``1Gi``, ``1536Mi``."""
    for suffix, unit in _BINARY:
        if memory_bytes and memory_bytes % unit == 0:
            return f"{memory_bytes // unit}{suffix}"
    return str(memory_bytes)


def _amount(text: str, what: str) -> Decimal:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text[:40]}" is not a quantity; write {what} as {_EXAMPLES[what]}')
    sign, number, exponent, suffix = match.groups()
    value = Decimal(number + (exponent or "")) * _SUFFIXES[suffix or ""]
    if sign == "-" and value:
        raise ValueError(f'"{text[:40]}" is negative; {what} must be 0 or more')
    return value


def _whole(value: Decimal, text: str) -> int:
    if value > _MOST:
        raise ValueError(f'"{text[:40]}" is too large; at most 2^63 - 1 is allowed')
    return int(value.to_integral_value(ROUND_CEILING))


_EXAMPLES = {"CPU": "500m or 2", "memory": "512Mi or 2Gi"}
