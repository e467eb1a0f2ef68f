"""What an answer leads to: ids that another operation takes. Clients may follow them, and so do the tests."""

from collections.abc import Mapping
from typing import Any


def _link(operation: str, parameter: str, pointer: str) -> tuple[str, Mapping[str, Any]]:
    return operation, {"operationId": operation, "parameters": {parameter: f"$response.body#{pointer}"}}


def _all(parameter: str, pointer: str, *operations: str) -> Mapping[str, Mapping[str, Any]]:
    return dict(_link(operation, parameter, pointer) for operation in operations)


JOB = (
    "get_v1_backtests_job_id", "get_v1_backtests_job_id_equity", "get_v1_backtests_job_id_trades",
    "get_v1_backtests_job_id_report_data", "post_v1_backtests_job_id_cancel",
)  # fmt: skip
DECISION = (
    "get_v1_decisions_id", "get_v1_decisions_id_similar", "get_v1_decisions_id_explain", "get_v1_decisions_id_feedback",
    "post_v1_decisions_id_feedback",
)  # fmt: skip
ORDER = ("get_v1_orders_id", "delete_v1_orders_id")
RULE = ("get_v1_alerts_rules_id", "put_v1_alerts_rules_id", "delete_v1_alerts_rules_id")
SESSION = ("get_v1_sessions_id", "get_v1_sessions_id_equity")
STRATEGY = (
    "get_v1_strategies_name", "put_v1_strategies_name", "patch_v1_strategies_name_status", "get_v1_strategies_name_verify",
    "post_v1_strategies_name_archive", "post_v1_strategies_name_unarchive", "delete_v1_strategies_name",
    "post_v1_strategies_name_stage", "patch_v1_strategies_name_execution_state",
)  # fmt: skip
LINKS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "get_v1_orders": _all("id", "/orders/0/id", *ORDER),
    "post_v1_orders": _all("id", "/order/id", *ORDER),
    "get_v1_decisions": _all("id", "/decisions/0/id", *DECISION),
    "get_v1_sessions": _all("id", "/sessions/0/id", *SESSION),
    "post_v1_backtests": _all("job_id", "/job_id", *JOB),
    "get_v1_backtests": _all("job_id", "/jobs/0/job_id", *JOB),
    "post_v2_backtests": _all("backtest_id", "/backtest_id", "get_v2_backtests_backtest_id_status"),
    "post_v1_strategies": _all("name", "/id", *STRATEGY),
    "get_v1_strategies": _all("name", "/strategies/0/name", "get_v1_strategies_name", "get_v1_catalog_strategies_name"),
    "get_v1_agents": _all("name", "/agents/0/name", "get_v1_agents_name", "get_v1_agents_name_status"),
    "get_v1_signals": _all("name", "/signals/0/name", "get_v1_signals_name", "post_v1_signals_name_validate_params"),
    "get_v1_positions": _all("symbol", "/positions/0/symbol", "get_v1_positions_symbol"),
    "post_v1_api_keys": _all("id", "/id", "delete_v1_api_keys_id"),
    "post_v1_auth_api_keys": _all("id", "/id", "delete_v1_auth_api_keys_id"),
    "post_v1_alerts_rules": _all("id", "/id", *RULE),
    "get_v1_alerts_rules": _all("id", "/0/id", *RULE),
    "get_v1_alerts": _all("id", "/0/id", "post_v1_alerts_id_acknowledge"),
    "post_v1_data_sync": _all("job_id", "/job_id", "get_v1_data_sync_job_id"),
    "get_v1_execution_accounts": _all("id", "/accounts/0/id", "get_v1_execution_accounts_id"),
    "post_v1_execution_accounts": _all("id", "/account/id", "get_v1_execution_accounts_id", "put_v1_execution_accounts_id"),
    "get_v1_execution_positions": _all("id", "/positions/0/id", "get_v1_execution_positions_id"),
}  # fmt: skip
