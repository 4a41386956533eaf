"""Kubernetes quantities: CPU in thousandths of a core, memory in bytes, exact.

Grammar: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ — a signed number with a decimal
suffix (n, u, m, k, M, G, T, P, E), a binary one (Ki … Ei) or an exponent (``1e3``). What is finer than the unit is rounded up,
as the API server does: a request never shrinks.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Context, Decimal
from types import MappingProxyType
from typing import Final

from taskdist.engine.suggest import did_you_mean

MOST: Final = 2**63 - 1
"""The largest amount that Kubernetes holds."""

_SUFFIXES: Final = MappingProxyType(
    {
        "n": Decimal("1e-9"),
        "u": Decimal("1e-6"),
        "m": Decimal("1e-3"),
        "": Decimal(1),
        **{suffix: Decimal(10) ** (3 * i) for i, suffix in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
        **{suffix: Decimal(2) ** (10 * i) for i, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
    }
)
_NUMBER: Final = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(.*)", re.ASCII)
_EXPONENT: Final = re.compile(r"[eE][+-]?[0-9]{1,3}", re.ASCII)
_LONGEST: Final = 64
_BINARY: Final = (("Ei", 2**60), ("Pi", 2**50), ("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))
_EXACT: Final = Context(prec=200)
_EXAMPLES: Final = MappingProxyType({"CPU": "500m or 2", "memory": "512Mi or 2Gi"})


def parse_cpu_millis(text: str) -> int:
    """CPU in thousandths of a core, rounded up: ``500m`` is 500, ``2`` is 2000.

    Raises:
        ValueError: not a quantity, negative, or beyond 2^63 - 1 thousandths.
    """
    return _whole(_EXACT.multiply(_amount(text, "CPU"), Decimal(1000)), text)


def parse_memory_bytes(text: str) -> int:
    """Memory in bytes, rounded up: ``1Gi`` is 2^30.

    Raises:
        ValueError: not a quantity, negative, or beyond 2^63 - 1 bytes.
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
    shown = f'"{text[:40]}"'
    wanted = f"write {what} as {_EXAMPLES[what]}"
    if len(text) > _LONGEST:
        raise ValueError(f"{shown}… is too long for a quantity; {wanted}")
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"{shown} is not a quantity; {wanted}")
    sign, number, rest = match.groups()
    if rest in _SUFFIXES:
        value = _EXACT.multiply(Decimal(number), _SUFFIXES[rest])
    elif _EXPONENT.fullmatch(rest):
        value = Decimal(number + rest)
    else:
        raise ValueError(f'{shown} has the unknown suffix "{rest[:20]}"{did_you_mean(rest, _SUFFIXES)}; {wanted}')
    if sign == "-" and value:
        raise ValueError(f"{shown} is negative; {what} must be 0 or more")
    return value


def _whole(value: Decimal, text: str) -> int:
    if value > MOST:
        raise ValueError(f'"{text}" is too large; at most 2^63 - 1 is allowed')
    return int(value.to_integral_value(ROUND_CEILING, _EXACT))
