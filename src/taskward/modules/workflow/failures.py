"""How steps and jobs fail."""

from taskward.model.errors import TaskwardError


class StepFailed(TaskwardError):
    """A step did not do what it is for; another run of it may."""


class JobFailed(TaskwardError):
    """A step of the job failed, so the job has."""

    def __init__(self, step: str, message: str) -> None:
        super().__init__(f"step {step} failed: {message}")
        self.step = step


WORTH_RETRY = ("StepFailed", "OutboundFailed", "Unavailable", "Timeout", "OSError", "Killed")
"""Names of the errors of a step that another run may not meet; a wrong template stays wrong."""
