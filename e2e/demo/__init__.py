"""The main job in one command: a cluster, the operator, a real piece of work watched to its end, and what it cost."""
