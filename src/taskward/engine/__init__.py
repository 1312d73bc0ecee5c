"""The engine: claims tasks, runs their bodies, tells how they ended, and keeps house."""

from taskward.engine.children import FindOperation
from taskward.engine.gatekeeper import Probe
from taskward.engine.maintenance import Maintenance
from taskward.engine.tempo import Tempo
from taskward.engine.worker import Worker

__all__ = ["FindOperation", "Maintenance", "Probe", "Tempo", "Worker"]
