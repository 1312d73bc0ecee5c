"""The registry: every module that one process can run."""

import difflib
import importlib
from collections.abc import Iterable
from importlib.metadata import entry_points

from taskward.model.errors import Conflict, Invalid, NotFound
from taskward.operations.module import Module
from taskward.operations.operation import Operation

ENTRY_POINTS = "taskward.modules"
"""The entry point group in which installed packages announce a `Module`, or a Python module that holds some."""


class Registry:
    """Modules by name, operations by full name."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.modules: dict[str, Module] = {}
        for module in modules:
            self.add(module)

    def add(self, module: Module) -> None:
        """Adds a module; the same one again changes nothing. Raises Conflict when another one has its name."""
        if self.modules.setdefault(module.name, module) is not module:
            raise Conflict(f"there is another module {module.name} already")

    def load(self, path: str) -> None:
        """Imports a Python module, such as `package.tasks`, and adds every Module that is one of its globals.

        Raises Invalid when it cannot be found or holds none.
        """
        try:
            namespace = importlib.import_module(path)
        except ModuleNotFoundError as error:
            # Another name: the module is there, and something that it imports is not.
            if error.name is None or not f"{path}.".startswith(f"{error.name}."):
                raise
            raise Invalid("app", f"no Python module {path}; it must be importable, as in `import {path}`") from None
        found = [value for value in vars(namespace).values() if isinstance(value, Module)]
        if not found:
            raise Invalid("app", f"{path} has no Module among its globals, as in `files = Module('files')`")
        for module in found:
            self.add(module)

    def discover(self) -> None:
        """Adds the modules that installed packages announce (entry point group `taskward.modules`)."""
        for point in entry_points(group=ENTRY_POINTS):
            loaded = point.load()
            candidates = [loaded] if isinstance(loaded, Module) else list(vars(loaded).values())
            for candidate in candidates:
                if isinstance(candidate, Module):
                    self.add(candidate)

    @property
    def operations(self) -> dict[str, Operation]:
        """Every operation by full name."""
        return {name: operation for module in self.modules.values() for name, operation in module.operations.items()}

    def operation(self, name: str) -> Operation:
        """Raises NotFound, which names a similar one where there is one."""
        module = self.modules.get(name.partition(".")[0])
        if module is not None and (operation := module.operations.get(name)) is not None:
            return operation
        close = difflib.get_close_matches(name, self.operations, n=1)
        raise NotFound("operation", name, hint=f"did you mean {close[0]}?" if close else "")
