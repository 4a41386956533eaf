"""Task Distribution Operator: plans, explains, runs and heals distributed agent tasks on Kubernetes."""

__version__ = "0.1.0"
