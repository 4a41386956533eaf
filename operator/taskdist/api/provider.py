"""Provider: where pods may run and what it costs there. Admins write it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from taskdist.api.cel import label_sized_name
from taskdist.api.common import Amounts, Conditions, Model, ObjectMeta, Toleration
from taskdist.api.names import API_VERSION, Circuit
from taskdist.api.scalars import Count, DecimalInput, Generation, Int32, Labels, PositiveSeconds, RatioInput, Word


class Prices(Model):
    """What CPU and memory cost."""

    cpu_hour_usd: DecimalInput = "0.0316"
    """Price of one core for one hour, in US dollars, as a decimal string."""
    memory_gib_hour_usd: DecimalInput = "0.0042"
    """Price of one GiB of memory for one hour, in US dollars, as a decimal string."""
    spot_discount: RatioInput = "0"
    """Part of the price that interruptible nodes save, from 0 to 1, as a decimal string."""


class CircuitBreaker(Model):
    """When a provider that keeps failing is left alone."""

    failures: Annotated[int, Field(strict=True, ge=1, le=1000)] = 5
    """Number of failures within the window that opens the circuit."""
    window_seconds: PositiveSeconds = 120
    """Length of the window, in seconds."""
    cooldown_seconds: PositiveSeconds = 60
    """Seconds until one probe is let through again."""


class ProviderSpec(Model):
    """Where pods may run and what it costs there."""

    vendor: Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")] = "on-prem"
    """Who runs the nodes, such as aws, gcp, azure or on-prem."""
    region: Word = ""
    """Where the nodes are, such as `eu-central-1`."""
    node_selector: Labels = Field(default_factory=dict)
    """Labels of the nodes that belong to it. Empty means all nodes."""
    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=32)] = ()
    """Taints of its nodes that pods accept."""
    prices: Prices = Prices()
    """What CPU and memory cost."""
    capacity: Amounts = Amounts()
    """CPU and memory that pods may use there at the same time. What is left out is unknown, not zero."""
    priority: Int32 = 0
    """Which provider is preferred where all else is equal: higher first."""
    circuit_breaker: CircuitBreaker = CircuitBreaker()
    """When the provider is left alone because it keeps failing."""


class ProviderStatus(Model):
    """How the provider is doing."""

    observed_generation: Generation = 0
    """The `metadata.generation` that this status was derived from."""
    healthy: bool | None = None
    """Whether pods are placed on it. Absent means that nothing is known yet, which counts as healthy."""
    circuit: Circuit | None = None
    """Closed lets work through, Open none, HalfOpen one probe."""
    active: Count = 0
    """Number of pods there that have not ended."""
    conditions: Conditions = ()
    """Healthy."""


class Provider(Model):
    """A place where pods may run: its nodes, prices, capacity and health. Admins write it."""

    cel: ClassVar = (label_sized_name(dots=False),)

    api_version: Literal["taskdist.dev/v1alpha1"] = API_VERSION
    kind: Literal["Provider"] = "Provider"
    metadata: ObjectMeta = ObjectMeta()
    spec: ProviderSpec
    """Where pods may run and what it costs there."""
    status: ProviderStatus = ProviderStatus()
    """How the provider is doing. The operator writes it."""
