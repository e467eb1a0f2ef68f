"""Jobs of kind ``hyperopt``: search the parameters of a strategy over the candles of a backtest's request.

The trials live in this process; a job that is tried again begins anew and, for its seed, finds the same.
"""

import json

from db.jobs.rows import Output
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.backtest.search.forward import splits_of
from openoutcry.backtest.search.hyperopt import Hyperopt, forward_of, space_of, trials_of
from openoutcry.backtest.search.spec import Market, SweepSpec
from openoutcry.backtest.search.varying import longest_reach, mapping_of
from openoutcry.backtest.series import Series
from openoutcry.errors import BadInput
from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.rules import parse_strategy
from openoutcry.types.symbols import parse_symbol
from wire.strategies import load_trading_defaults
from workers.kinds.sweep import Told
from workers.sweeping.market import stored_series
from workers.sweeping.run import run_sweep, subject_of
from workers.work import Work

MOST_SEED = 2**31


def run(work: Work) -> Output:
    """Raises BadInput for what the candles do not allow, DataUnavailable where there are none."""
    request = BacktestRequest.restored(work.request["backtest"])
    asked = Hyperopt.model_validate_json(json.dumps(work.request["search"]))
    work.step(0, 1, "reading candles")
    series, market = stored_series(
        work.home, request.venue, request.symbols[0], request.timeframe, request.start, request.end
    )
    defaults = load_trading_defaults(work.home)
    spec = _spec(request, asked, series, market, defaults)
    subject = subject_of(spec, series, defaults, work.home)
    result = run_sweep(spec, subject, 1, Told(work))
    best = result["best"]
    return Output(
        result={**result, "metrics": best["figures"] if best else {}},
        warnings=[{"check": "sweep", "message": warning} for warning in result["warnings"]],
    )


def _spec(
    request: BacktestRequest, asked: Hyperopt, series: Series, market: Market, defaults: TradingDefaults
) -> SweepSpec:
    config = request.execution_config.model_dump(mode="json")
    strategy = parse_strategy({**request.strategy, "execution_config": config}, defaults)
    space, seed = space_of(asked, strategy), request.seed % MOST_SEED
    forward = forward_of(asked, longest_reach(strategy, space, defaults, request.timeframe))
    try:
        splits_of(len(series), forward)
    except BadInput as error:
        raise BadInput(f"{error}; ask for fewer windows or a longer period", field="walk_forward") from error
    vary, where = space.plain()
    perpetual = parse_symbol(request.symbols[0]).settle is not None
    return SweepSpec(
        strategy=mapping_of(strategy),
        market=market,
        costs=request.costs,
        fills=request.fills,
        perpetual=Perpetual(leverage=request.leverage) if perpetual else None,
        vary=vary,
        where=where,
        method=asked.method,
        trials=trials_of(asked, space, seed),
        seed=seed,
        objective=asked.objective,
        min_trades=asked.min_trades,
        forward=forward,
    )
