"""What an answer leads to: ids that another operation takes. Clients may follow them, and so do the tests."""

from collections.abc import Mapping
from typing import Any

Links = Mapping[str, Mapping[str, Any]]


def _link(operation: str, parameter: str, pointer: str) -> tuple[str, Mapping[str, Any]]:
    return operation, {"operationId": operation, "parameters": {parameter: f"$response.body#{pointer}"}}


def _all(parameter: str, pointer: str, *operations: str) -> Links:
    return dict(_link(operation, parameter, pointer) for operation in operations)


JOB = (
    "get_v1_backtests_job_id", "get_v1_backtests_job_id_equity", "get_v1_backtests_job_id_trades",
    "get_v1_backtests_job_id_report_data", "get_v1_backtests_job_id_report", "post_v1_backtests_job_id_cancel",
    "post_v1_backtests_job_id_archive", "post_v1_backtests_job_id_unarchive",
)  # fmt: skip
SEARCH = ("get_v1_hyperopt_job_id", "get_v1_hyperopt_job_id_results", "post_v1_hyperopt_job_id_cancel")
ENSEMBLE = (
    "post_v1_ensemble_id_register_agent", "post_v1_ensemble_id_predict", "get_v1_ensemble_id_performance",
    "get_v1_ensemble_id_weights", "post_v1_ensemble_id_optimize_weights", "delete_v1_ensemble_id",
)  # fmt: skip
MODEL = (
    "get_v1_models_name_versions",
    "get_v1_models_name_rollback_candidates",
    "post_v1_models_name_rollback",
)
CREDENTIAL = ("put_v1_credentials_exchange_rotate", "delete_v1_credentials_exchange")
AGENT = ("get_v1_agents_name", "get_v1_agents_name_status", "get_v1_agents_name_calibration")
SIGNAL = ("get_v1_signals_name", "post_v1_signals_name_validate_params", "post_v1_signals_name_evaluate")
DECISION = (
    "get_v1_decisions_id", "get_v1_decisions_id_similar", "get_v1_decisions_id_explain", "get_v1_decisions_id_feedback",
    "post_v1_decisions_id_feedback", "post_v1_decisions_id_replay",
)  # fmt: skip
ORDER = ("get_v1_orders_id", "delete_v1_orders_id")
RULE = ("get_v1_alerts_rules_id", "put_v1_alerts_rules_id", "delete_v1_alerts_rules_id")
SESSION = ("get_v1_sessions_id", "get_v1_sessions_id_equity")
STRATEGY = (
    "get_v1_strategies_name", "put_v1_strategies_name", "patch_v1_strategies_name_status", "get_v1_strategies_name_verify",
    "post_v1_strategies_name_archive", "post_v1_strategies_name_unarchive", "delete_v1_strategies_name",
    "post_v1_strategies_name_stage", "patch_v1_strategies_name_execution_state", "post_v1_strategies_name_promote",
    "post_v1_strategies_name_run", "get_v1_strategies_name_instances", "get_v1_catalog_strategies_name",
    "get_v1_catalog_strategies_name_compare",
)  # fmt: skip
LINKS: Mapping[str, Links] = {
    "get_v1_orders": _all("id", "/orders/0/id", *ORDER),
    "post_v1_orders": _all("id", "/order/id", *ORDER),
    "get_v1_decisions": _all("id", "/decisions/0/id", *DECISION),
    "get_v1_sessions": _all("id", "/sessions/0/id", *SESSION),
    "post_v1_backtests": _all("job_id", "/job_id", *JOB),
    "get_v1_backtests": _all("job_id", "/jobs/0/job_id", *JOB),
    "post_v1_backtesting_backtest": _all("job_id", "/backtest_id", *JOB),
    "post_v2_backtests": _all("backtest_id", "/backtest_id", "get_v2_backtests_backtest_id_status"),
    "post_v1_strategies": {
        **_all("name", "/id", *STRATEGY),
        **_all("id", "/id", "post_v1_execution_evaluate_id"),
    },
    "get_v1_strategies": _all("name", "/strategies/0/name", "get_v1_strategies_name", "get_v1_catalog_strategies_name"),
    "post_v1_hyperopt": _all("job_id", "/job_id", *SEARCH),
    "get_v1_hyperopt": _all("job_id", "/jobs/0/job_id", *SEARCH),
    "post_v1_ensemble_create": _all("id", "/id", *ENSEMBLE),
    "get_v1_ensemble": _all("id", "/ensembles/0/id", *ENSEMBLE),
    "get_v1_models": _all("name", "/models/0/name", *MODEL),
    "post_v1_credentials": _all("exchange", "/exchange", *CREDENTIAL),
    "get_v1_agents": _all("name", "/agents/0/name", *AGENT),
    "get_v1_signals": _all("name", "/signals/0/name", *SIGNAL),
    "get_documents": _all("slug", "/documents/0/slug", "get_documents_slug", "get_documents_slug_sections"),
    "get_tags": _all("tag", "/tags/0/name", "get_tags_tag"),
    "get_glossary": _all("name", "/entries/0/term", "get_glossary_name"),
    "get_signals": _all("name", "/signals/0/name", "get_signals_name"),
    "get_indicators": _all("name", "/indicators/0/name", "get_indicators_name"),
    "get_v1_positions": _all("symbol", "/positions/0/symbol", "get_v1_positions_symbol"),
    "post_v1_api_keys": _all("id", "/api_key/id", "delete_v1_api_keys_id"),
    "post_v1_auth_api_keys": _all("id", "/key_id", "delete_v1_auth_api_keys_id"),
    "post_v1_alerts_rules": _all("id", "/id", *RULE),
    "get_v1_alerts_rules": _all("id", "/0/id", *RULE),
    "get_v1_alerts": _all("id", "/0/id", "post_v1_alerts_id_acknowledge"),
    "post_v1_data_sync": _all("job_id", "/job_id", "get_v1_data_sync_job_id"),
    "get_v1_execution_accounts": _all("id", "/accounts/0/id", "get_v1_execution_accounts_id"),
    "post_v1_execution_accounts": _all("id", "/account/id", "get_v1_execution_accounts_id", "put_v1_execution_accounts_id"),
    "get_v1_execution_positions": _all("id", "/positions/0/id", "get_v1_execution_positions_id"),
}  # fmt: skip


def links(operation: str, example: Any) -> Links:
    """Those of an operation that an answer like ``example`` has the ids for: one may answer in two ways."""
    return {name: link for name, link in LINKS.get(operation, {}).items() if _leads(link, example)}


def _leads(link: Mapping[str, Any], example: Any) -> bool:
    for expression in link["parameters"].values():
        found = example
        for step in expression.partition("#/")[2].split("/"):
            if isinstance(found, list) and step.isdigit() and int(step) < len(found):
                found = found[int(step)]
            elif isinstance(found, dict) and step in found:
                found = found[step]
            else:
                return False
    return True
