"""`taskward serve`."""


def serve() -> None:
    """Serve."""
