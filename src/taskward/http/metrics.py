"""What Prometheus collects: requests as they are answered, tasks and workers as they stand."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from taskward.auth import HOUSE
from taskward.ports import Queue, WorkerInfo
from taskward.service import Service
from taskward.service.stats import Stats

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(eq=False)
class _Standing(Collector):
    """How things stood when they were last looked at."""

    stats: Stats | None = None
    queues: list[Queue] = field(default_factory=list)
    workers: list[WorkerInfo] = field(default_factory=list)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        tasks = GaugeMetricFamily("taskward_tasks", "Tasks by operation and state", labels=("operation", "state"))
        for operation, states in (self.stats.operations if self.stats else {}).items():
            for state, count in states.items():
                tasks.add_metric((operation, state), count)
        yield tasks
        depth = GaugeMetricFamily("taskward_queue_depth", "Tasks that may be claimed", labels=("queue",))
        running = GaugeMetricFamily("taskward_queue_running", "Tasks that run", labels=("queue",))
        for queue in self.queues:
            depth.add_metric((queue.name,), queue.queued)
            running.add_metric((queue.name,), queue.running)
        yield depth
        yield running
        workers = GaugeMetricFamily("taskward_workers", "Workers by state", labels=("state",))
        for worker_state, count in sorted(Counter(worker.state for worker in self.workers).items()):
            workers.add_metric((worker_state,), count)
        yield workers


class Metrics:
    """The metrics of one server, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._standing = _Standing()
        self._registry.register(self._standing)
        self._seconds = Histogram(
            "taskward_http_request_seconds",
            "From the first byte of a request to the first byte of its answer",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        # Looking a child up by its labels costs more than observing it.
        self._children: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts an answer; `route` is the template of its path."""
        key = (method, route, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._seconds.labels(method, route.replace("/:", ":"), str(status))
        child.observe(seconds)

    async def text(self, service: Service) -> str:
        """Everything in Prometheus' text format."""
        self._standing.stats = await service.counters.stats(HOUSE)
        self._standing.queues = await service.fleet.queues(HOUSE)
        self._standing.workers = await service.fleet.workers(HOUSE)
        return generate_latest(self._registry).decode()
