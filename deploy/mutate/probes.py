"""Which test runs which lines of the code that is tried: only those tests are asked about a change on a line.

A call before every statement says that its line is reached, and only in the code that is tried: a tracer would be called
for whatever else the tests run.
"""

import ast
import copy
from collections.abc import Mapping

from deploy.mutate.areas import ROOT
from deploy.mutate.mutants import Source
from deploy.mutate.swap import bodies, living, swap

Lines = dict[str, set[int]]
"""File → numbers of the lines that ran."""
PROBE = "__probe__"


class Probes:
    """Tells lines of ``sources`` in this process, from now on."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._lines: Lines = {}
        for file, source in sources.items():
            path = str(ROOT / file)
            functions = living(path)
            for one in functions:
                one.__globals__[PROBE] = self._ran
            probed = _Probing(path).visit(copy.deepcopy(source.tree))
            swap(
                bodies(functions, compile(ast.fix_missing_locations(probed), path, "exec", dont_inherit=True))
            )

    def taken(self) -> Lines:
        """What ran since this was asked before."""
        lines, self._lines = self._lines, {}
        return lines

    def _ran(self, path: str, line: int) -> None:
        self._lines.setdefault(path, set()).add(line)


class _Probing(ast.NodeTransformer):
    """Puts a probe before every statement of every function."""

    def __init__(self, path: str) -> None:
        self._path, self._within = path, False

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Within a function, every list of statements; elsewhere, what is below."""
        before, self._within = (
            self._within,
            self._within or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef),
        )
        super().generic_visit(node)
        if self._within:
            for name in ("body", "orelse", "finalbody"):
                block = getattr(node, name, None)
                if isinstance(block, list):
                    setattr(
                        node,
                        name,
                        [one for statement in block for one in (self._probe(statement), statement)],
                    )
        self._within = before
        return node

    def _probe(self, statement: ast.stmt) -> ast.stmt:
        said: list[ast.expr] = [ast.Constant(self._path), ast.Constant(statement.lineno)]
        call = ast.Expr(ast.Call(ast.Name(PROBE, ast.Load()), said, []))
        return ast.copy_location(call, statement)
