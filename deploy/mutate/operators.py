"""What may be changed in a piece of code: each change is one that a person could have made by mistake.

Left alone is what no test should pin: sentences that people read (texts with a space in them, f-strings), docstrings,
types and annotations, imports, decorators, and assertions that are there for the type checker.
"""

import ast
import copy
import re
from collections.abc import Iterator

Change = tuple[str, ast.AST]
"""What is done, in words, and what stands there instead."""

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
NUMERAL = re.compile(r"-?\d+(?:\.\d+)?")
LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def changes(node: ast.AST) -> Iterator[Change]:
    """Everything that may be done to one node, in a fixed order."""
    if isinstance(node, ast.Compare):
        yield from _compared(node)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "and ↔ or", _with(node, op=other)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield "drop the " + ("not" if isinstance(node.op, ast.Not) else "minus"), node.operand
    elif isinstance(node, (ast.BinOp, ast.AugAssign)):
        yield from _calculated(node)
    elif isinstance(node, ast.Constant):
        yield from _constant(node)
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in CALLS:
            other_name = CALLS[node.func.id]
            yield f"{node.func.id} → {other_name}", _renamed(node, other_name)
    elif isinstance(node, (ast.If, ast.IfExp, ast.While, ast.comprehension)):
        yield from _branches(node)
    elif isinstance(node, ast.Return) and not isinstance(node.value, (ast.Constant, ast.Compare, type(None))):
        yield "return None", _with(node, value=ast.Constant(None))
    if isinstance(node, ast.stmt):
        yield from _removed(node)


def _compared(node: ast.Compare) -> Iterator[Change]:
    for at, op in enumerate(node.ops):
        other = COMPARISONS[type(op)]
        ops = [*node.ops]
        ops[at] = other()
        yield f"{_sign(op)} → {_sign(other())}", _with(node, ops=ops)


def _calculated(node: ast.BinOp | ast.AugAssign) -> Iterator[Change]:
    sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.value,)
    texts = any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str | bytes))
        for side in sides
    )  # fmt: skip
    other = ARITHMETIC.get(type(node.op))
    if other is not None and not texts:
        yield f"{_sign(node.op)} → {_sign(other())}", _with(node, op=other())


def _constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    new: object
    if isinstance(value, bool):
        new = not value
    elif isinstance(value, int | float):
        new = value + 1
    elif isinstance(value, str) and NUMERAL.fullmatch(value):
        new = f"{value}1" if "." in value else str(int(value) + 1)
    elif isinstance(value, str) and " " not in value:
        new = f"{value}X"
    elif isinstance(value, bytes):
        new = value + b"X"
    else:
        return
    yield f"{value!r} → {new!r}", ast.Constant(new)


def _branches(node: ast.If | ast.IfExp | ast.While | ast.comprehension) -> Iterator[Change]:
    if isinstance(node, ast.comprehension):
        for at in range(len(node.ifs)):
            yield "drop the filter", _with(node, ifs=[*node.ifs[:at], *node.ifs[at + 1 :]])
    elif isinstance(node, ast.While):
        yield "never loop", _with(node, test=ast.Constant(False))
    elif isinstance(node, ast.If) and not node.orelse:
        yield "never enter", _with(node, test=ast.Constant(False))
    else:
        yield "swap the branches", _with(node, test=ast.UnaryOp(ast.Not(), node.test))


def _removed(node: ast.stmt) -> Iterator[Change]:
    if isinstance(node, ast.Break):
        yield "break → continue", ast.Continue()
    elif isinstance(node, ast.Continue):
        yield "continue → break", ast.Break()
    elif _idle_without(node):
        yield "drop the statement", ast.Pass()


def _idle_without(node: ast.stmt) -> bool:
    """Whether a statement only does something, and no later line needs a name from it."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call | ast.Await)
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Attribute | ast.Subscript)
    return isinstance(node, ast.Raise | ast.AugAssign | ast.Delete)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """A copy of the node alone, with other fields; what is below it is shared."""
    made = copy.copy(node)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def _renamed(node: ast.Call, name: str) -> ast.AST:
    keywords = [] if name == "list" else node.keywords
    return _with(node, func=ast.Name(name, ast.Load()), keywords=keywords)


def _sign(op: ast.AST) -> str:
    """``<`` for ``ast.Lt()``."""
    left, right = ast.Name("a", ast.Load()), ast.Name("b", ast.Load())
    if isinstance(op, ast.cmpop):
        return ast.unparse(ast.Compare(left, [op], [right]))[1:-1].strip()
    assert isinstance(op, ast.operator)
    return ast.unparse(ast.BinOp(left, op, right))[1:-1].strip()
