"""No two modules import each other, directly or through others, not even from inside a function."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.project.packages import PACKAGES, ROOT


def modules(root: Path, packages: tuple[str, ...]) -> dict[str, Path]:
    found = {}
    for package in packages:
        for file in sorted((root / package).rglob("*.py")):
            parts = file.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imported(file: Path, known: dict[str, Path]) -> Iterator[str]:
    """Our modules that the file imports anywhere in it; ``from a import b`` means a.b when that is one."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else node.module for name in inner]
        else:
            continue
        yield from (name for name in names if name in known)


def cycle(graph: dict[str, set[str]]) -> list[str] | None:
    """One cycle, first module repeated at the end; None when there is none."""
    done: set[str] = set()

    def walk(module: str, trail: list[str]) -> list[str] | None:
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in done:
            return None
        for target in sorted(graph[module]):
            if found := walk(target, [*trail, module]):
                return found
        done.add(module)
        return None

    for module in sorted(graph):
        if found := walk(module, []):
            return found
    return None


def import_graph(root: Path, packages: tuple[str, ...]) -> dict[str, set[str]]:
    known = modules(root, packages)
    return {name: set(imported(file, known)) - {name} for name, file in known.items()}


def test_there_is_no_cycle() -> None:
    graph = import_graph(ROOT, PACKAGES)
    assert len(graph) > 50
    found = cycle(graph)
    assert found is None, " -> ".join(found or ())


def test_a_lazy_cycle_is_found(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    (tmp_path / "pkg" / "one.py").write_text("from pkg import two\n")
    (tmp_path / "pkg" / "two.py").write_text("import os\n")
    (tmp_path / "pkg" / "three.py").write_text("def f():\n    import pkg.one\n")
    assert cycle(import_graph(tmp_path, ("pkg",))) is None
    (tmp_path / "pkg" / "two.py").write_text("def f():\n    from pkg.three import f\n")
    assert cycle(import_graph(tmp_path, ("pkg",))) == ["pkg.one", "pkg.two", "pkg.three", "pkg.one"]
