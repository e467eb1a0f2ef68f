"""No way around the gate: who may call a venue, who may make an approval, and which function every door asks."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("agents", "api", "db", "mcp_servers", "openoutcry", "orchestrator", "outcry", "wire", "workers")


def modules() -> dict[str, ast.Module]:
    """Every module of the product, by path."""
    files = (file for name in OURS for file in (ROOT / name).rglob("*.py"))
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text()) for file in files}


TREES = modules()
OWN = "mcp_servers/execution/own_orders.py"
BRACKETS, OBEYING = "mcp_servers/execution/bracket_orders.py", "mcp_servers/execution/obeying.py"
INSTRUCTIONS = "mcp_servers/execution/standing_instructions.py"


def naming(name: str) -> set[str]:
    """The modules that import or use this name."""
    return {
        path
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.alias) and node.name == name)
        or (isinstance(node, ast.Name) and node.id == name)
        or (isinstance(node, ast.Attribute) and node.attr == name)
        or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name)
    }


def calling(attribute: str, of: str) -> set[str]:
    """The modules that call ``<of>.<attribute>(...)``."""
    return {
        path
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == attribute
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == of
    }


def test_one_module_calls_a_venue_to_place() -> None:
    assert calling("place", "venue") == {"mcp_servers/execution/placing.py"}


def test_sent_is_committed_in_one_place_only() -> None:
    assert naming("sent") >= {"mcp_servers/execution/intents.py", "mcp_servers/execution/leaving.py"}
    importing = {
        path
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "mcp_servers.execution.intents"
        if any(alias.name == "sent" for alias in node.names)
    }
    assert importing == {"mcp_servers/execution/leaving.py"}
    written = {
        path
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and "SET status = 'SENT'" in node.value
    }
    assert written == {"mcp_servers/execution/intents.py"}


def test_one_module_signs_approvals_and_one_asks_for_them() -> None:
    """The execution server signs too, but only what reduces: children of an entry's own signed bracket, and exits that a
    halt asks for.
    """
    assert naming("sign_approval") == {"wire/tokens.py", "orchestrator/bootstrap.py", OWN}
    assert naming("send_own") == {OWN, BRACKETS, OBEYING}
    assert calling("approve", "floor") == {"orchestrator/trade.py"}
    assert "verify_approval" in {
        node.id for node in ast.walk(TREES[INSTRUCTIONS]) if isinstance(node, ast.Name)
    }
    children = [
        {keyword.arg: keyword.value for keyword in node.keywords}
        for node in ast.walk(TREES[OWN])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Approval"
    ]
    assert children
    for child in children:
        reduces = child["reduces"]
        assert isinstance(reduces, ast.Constant) and reduces.value is True


def test_every_door_asks_the_same_gate() -> None:
    """Floor, API, MCP and hedges all end in ``orchestrator.trade.submit``; what only previews asks the gate itself."""
    deciding = {
        path
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "openoutcry.risk.gate"
        if any(alias.name == "review" for alias in node.names)
    }
    assert deciding == {
        "orchestrator/trade.py",  # rounds, manual orders, hedges, flattening
        "mcp_servers/execution/preview.py",
        "mcp_servers/risk/tools/check_portfolio_limits.py",
        "mcp_servers/risk/tools/review_order.py",
    } | {path for path in deciding if path.startswith("openoutcry/")}
    submitting = {
        path
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "orchestrator.trade"
        if any(alias.name == "submit" for alias in node.names)
    }
    assert submitting == {"orchestrator/cycle.py", "orchestrator/manual.py"}
    assert "act" in {
        node.id for node in ast.walk(TREES["orchestrator/hedges.py"]) if isinstance(node, ast.Name)
    }
