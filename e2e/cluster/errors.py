class ClusterError(Exception):
    """What the user reads: the missing or failing piece and how to get it. Never shown with a traceback."""
