"""Faults on purpose: a proxy between operator and API server, and an oracle that asks the API server alone."""
