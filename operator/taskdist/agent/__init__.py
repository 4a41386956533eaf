"""The reference agent: runs one attempt of one subtask inside its pod, and hands the results back.

Standard library only, and little of that: a pod is started for every subtask, so every import is paid thousands of
times. That is why the values here are named tuples (importing ``dataclasses`` costs more than the rest together) and
why whatever only the model needs is imported by the model's own process.

The contract that it keeps is `docs/agents.md`; an agent in any language may take its place.
"""
