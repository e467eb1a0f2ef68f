"""The mutants of a file: every change at every place, each with a name that outlives its line number."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from deploy.mutate.operators import changes

Place = tuple[ast.AST, str, int | None, ast.AST]
"""Parent, its field, the index where that is a list, and the node that stands there."""
_Found = tuple[Place, int, tuple[str, ...], bool, tuple[int, int]]
"""A place, the number of its change, what it is within, whether in a function, and the lines of its statement."""
SKIPPED_FIELDS = ("annotation", "returns", "decorator_list", "type_params")
READ_BY_PEOPLE = ("message", "detail", "details", "description", "title", "reason", "note")
"""Keywords whose texts are sentences, whatever they hold."""


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """One change. What comes after ``lines`` names it; ``nth`` tells equals on equal lines apart."""

    number: int
    lines: tuple[int, int]
    """First and last line of the statement it is in: the interpreter does not count every line of a long one."""
    file: str
    within: str
    """The function or class (qualified name); empty at the top of the file."""
    at: str
    """The line as it stands in the file."""
    change: str
    nth: int
    in_function: bool
    """Whether the change is in a function's body: then it can be put into a running process."""

    @property
    def name(self) -> str:
        """What it is called in lists."""
        return "|".join((self.file, self.within, self.at, self.change, str(self.nth)))


class Source:
    """One file and its mutants."""

    def __init__(self, file: str, text: str) -> None:
        """``file`` is the path from the root of the project."""
        self.file = file
        self._lines = text.splitlines()
        self.tree = ast.parse(text)
        self._found = list(self._places(self.tree, (), (1, 1), within_function=False))
        self.mutants = self._named()

    def part(self, mutant: Mutant) -> str:
        """The function (the outermost one) that a change is in, without its comments; empty for what is worked out at import."""
        around = (
            node
            for node in ast.walk(self.tree)  # the outer ones come first
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.lineno <= mutant.lines[0] <= (node.end_lineno or node.lineno)
        )
        return ast.unparse(next(around)) if mutant.in_function else ""

    def mutated(self, mutant: Mutant, filename: str) -> CodeType:
        """The whole file, compiled with one change in it."""
        place, new = self._edit(mutant.number)
        parent, field, index, old = place
        new = ast.fix_missing_locations(ast.copy_location(new, old))
        _put(parent, field, index, new)
        try:
            return compile(self.tree, filename, "exec", dont_inherit=True)
        finally:
            _put(parent, field, index, old)

    def _edit(self, number: int) -> tuple[Place, ast.AST]:
        place, at, _, _, _ = self._found[number]
        return place, list(changes(place[3]))[at][1]

    def _named(self) -> tuple[Mutant, ...]:
        seen: Counter[tuple[str, str, str]] = Counter()
        made = []
        for number, (place, at, within, in_function, lines) in enumerate(self._found):
            node = place[3]
            line = _line(place)
            text = self._lines[line - 1].strip()
            change = list(changes(node))[at][0]
            key = (".".join(within), text, change)
            seen[key] += 1
            made.append(Mutant(number, lines, self.file, key[0], text, change, seen[key], in_function))
        return tuple(made)

    def _places(
        self, node: ast.AST, within: tuple[str, ...], lines: tuple[int, int], *, within_function: bool
    ) -> Iterator[_Found]:
        for field, value in ast.iter_fields(node):
            if field in SKIPPED_FIELDS:
                continue
            children = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
            for index, child in children:
                if not isinstance(child, ast.AST) or _left_alone(node, field, child):
                    continue
                body = within_function or (
                    isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and field == "body"
                )
                named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                inner = (*within, str(getattr(child, "name", ""))) if named else within
                span = _span(child) if isinstance(child, ast.stmt) else lines
                for at, _ in enumerate(changes(child)):
                    yield (node, field, index, child), at, inner, body, span
                yield from self._places(child, inner, span, within_function=body)


def _line(place: Place) -> int:
    parent, _, _, node = place
    line: int = getattr(node, "lineno", 0) or getattr(parent, "lineno", 1)
    return line


def _span(statement: ast.stmt) -> tuple[int, int]:
    """The lines of a statement, without those of the statements in it."""
    inner = [one.lineno - 1 for one in getattr(statement, "body", ()) if isinstance(one, ast.stmt)]
    return statement.lineno, max(
        statement.lineno, inner[0] if inner else statement.end_lineno or statement.lineno
    )


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _left_alone(parent: ast.AST, field: str, node: ast.AST) -> bool:
    """Sentences, logs, crash points, types, imports and assertions."""
    if isinstance(node, ast.JoinedStr | ast.Assert | ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # a docstring
    if isinstance(node, ast.Expr) and _aside(node.value):
        return True
    if isinstance(parent, ast.ClassDef) and field == "keywords":
        return True  # what makes a class frozen, like a decorator
    if isinstance(node, ast.keyword) and node.arg in READ_BY_PEOPLE:
        return True
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("Literal", "Callable")
    ):
        return True
    if isinstance(parent, ast.Call) and field == "args" and isinstance(parent.func, ast.Name):
        return parent.func.id in ("cast", "TypeVar", "NewType")
    return False


def _aside(node: ast.expr) -> bool:
    """What does nothing for the outcome: a log's line, a place where a test may kill the process."""
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Name):
        return called.id == "crashpoint"
    return (
        isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "log"
    )
