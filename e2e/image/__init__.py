"""The project's container image: built for real, with Docker or without, and brought to a cluster's nodes."""

from e2e.image.build import Image, build
from e2e.image.deliver import deliver

__all__ = ["Image", "build", "deliver"]
