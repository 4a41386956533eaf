from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskdist.engine.quantity import MOST, format_cpu, format_memory, parse_cpu_millis, parse_memory_bytes

SUFFIXES = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    "u": Decimal("1e-6"),
    "n": Decimal("1e-9"),
    **{suffix: Decimal(1000) ** i for i, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Decimal(1024) ** i for i, suffix in enumerate("KMGTPE", 1)},
}


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        pytest.param("500m", 500, id="thousandths"),
        pytest.param("2", 2000, id="cores"),
        pytest.param("1.5", 1500, id="a fraction"),
        pytest.param(".5", 500, id="without the leading zero"),
        pytest.param("5.", 5000, id="with a trailing point"),
        pytest.param("+1", 1000, id="with a plus"),
        pytest.param("0", 0, id="nothing"),
        pytest.param("-0", 0, id="minus nothing"),
        pytest.param("1e3", 1_000_000, id="with an exponent"),
        pytest.param("12E-1", 1200, id="with a negative exponent"),
        pytest.param("1k", 1_000_000, id="thousands"),
        pytest.param("100u", 1, id="rounded up to a thousandth"),
        pytest.param("1n", 1, id="the smallest is not nothing"),
    ],
)
def test_reads_cpu(text, millis):
    assert parse_cpu_millis(text) == millis


@pytest.mark.parametrize(
    ("text", "size"),
    [
        pytest.param("1Gi", 2**30, id="binary"),
        pytest.param("1G", 10**9, id="decimal"),
        pytest.param("1.5Gi", 3 * 2**29, id="a fraction of a binary unit"),
        pytest.param("1E", 10**18, id="E is exa"),
        pytest.param("1E3", 1000, id="E with digits is an exponent"),
        pytest.param("1Ei", 2**60, id="exbibyte"),
        pytest.param("128974848", 128974848, id="bytes"),
        pytest.param("1m", 1, id="a thousandth of a byte is rounded up"),
        pytest.param(str(MOST), MOST, id="the largest"),
    ],
)
def test_reads_memory(text, size):
    assert parse_memory_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("-1", "is negative", id="negative"),
        pytest.param("-1e-3", "is negative", id="a little negative"),
        pytest.param("NaN", "is not a quantity", id="NaN"),
        pytest.param("inf", "is not a quantity", id="infinite"),
        pytest.param("", "is not a quantity", id="empty"),
        pytest.param("1 Gi", 'unknown suffix " Gi"', id="with a space"),
        pytest.param("1gi", 'did you mean "Gi"', id="wrong case"),
        pytest.param("1MB", 'unknown suffix "MB"', id="a suffix of others"),
        pytest.param("1,5", 'unknown suffix ",5"', id="a decimal comma"),
        pytest.param("٣", "is not a quantity", id="other digits"),
        pytest.param("1e400", "too large", id="huge exponent"),
        pytest.param("9" * 65, "too long", id="huge number"),
        pytest.param("9223372036854775808", "too large", id="2^63"),
        pytest.param("1\n", "is not a quantity", id="a trailing newline"),
    ],
)
def test_says_what_is_wrong(text, complaint):
    for parse in (parse_cpu_millis, parse_memory_bytes):
        with pytest.raises(ValueError, match=r"500m or 2|512Mi or 2Gi|negative|large") as error:
            parse(text)
        assert complaint in str(error.value)


@given(st.integers(0, 10**15))
def test_what_is_written_is_read_back(value):
    assert parse_cpu_millis(format_cpu(value)) == value
    assert parse_memory_bytes(format_memory(value)) == value


@given(st.integers(0, 10**9), st.integers(0, 6), st.sampled_from(sorted(SUFFIXES)))
def test_is_exact_and_never_less(digits, places, suffix):
    text = f"{digits}.{digits % 10**places:0{places}d}" if places else str(digits)
    exact = Decimal(text) * SUFFIXES[suffix]
    if exact <= MOST:
        assert 0 <= parse_memory_bytes(text + suffix) - exact < 1


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    for parse in (parse_cpu_millis, parse_memory_bytes):
        with suppress(ValueError):
            assert 0 <= parse(text) <= MOST


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0"), (2**30, "1Gi"), (1536 * 2**20, "1536Mi"), (1000, "1000"), (2**10, "1Ki")]
)
def test_writes_memory_with_the_largest_whole_unit(size, text):
    assert format_memory(size) == text
