"""The execution rules of docs/backtests.md once more: slow, plain Python, one bar after the other, sharing no code
with the kernel. Lists of floats in, a list of dictionaries out."""

import math
from dataclasses import dataclass, field
from typing import Any

DAY = 86_400_000
M64 = 2**64 - 1


def draw(seed: int, time: int, leg: int) -> float:
    """Uniform from [0, 1): splitmix64 twice over, begun at seed × golden ratio + 2 × time + leg."""
    z = (seed * 0x9E3779B97F4A7C15 + 2 * time + leg) & M64
    for _ in range(2):
        z = (z + 0x9E3779B97F4A7C15) & M64
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
        z ^= z >> 31
    return (z >> 11) / 2**53


def wilder_atr(high, low, close, period):
    """ATR at each bar: the mean of the first ``period`` true ranges (from the second bar on), then Wilder's."""
    out, first, atr = [], [], None
    for i in range(len(close)):
        if i:
            reach = max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1]))
            if atr is not None:
                atr = (atr * (period - 1) + reach) / period
            else:
                first.append(reach)
                if len(first) == period:
                    atr = sum(first) / period
        out.append(atr)
    return out


def stop_atr(bars, bar_ms, config):
    """The blend of the bars' own ATR and that of the days closed by each bar's close; None until both are known."""
    own = wilder_atr(bars["high"], bars["low"], bars["close"], config.atr_period)
    if bar_ms == DAY or config.atr_long_weight == 0:
        blend = own
    else:
        days = []
        for i, time in enumerate(bars["time"]):
            if not days or days[-1]["day"] != time // DAY:
                days.append(
                    {
                        "day": time // DAY,
                        "high": -math.inf,
                        "low": math.inf,
                        "whole": time % DAY == 0 or bool(days),
                    }
                )
            days[-1]["high"] = max(days[-1]["high"], bars["high"][i])
            days[-1]["low"] = min(days[-1]["low"], bars["low"][i])
            days[-1]["close"] = bars["close"][i]
        days = [day for day in days if day["whole"]]
        high, low, close = ([day[key] for day in days] for key in ("high", "low", "close"))
        atrs = wilder_atr(high, low, close, config.atr_period)
        blend = []
        for i, time in enumerate(bars["time"]):
            closed = [
                atr for day, atr in zip(days, atrs, strict=False) if (day["day"] + 1) * DAY <= time + bar_ms
            ]
            daily = closed[-1] if closed else None
            known = own[i] is not None and daily is not None
            blend.append(config.atr_short_weight * own[i] + config.atr_long_weight * daily if known else None)
    return [
        None if b is None else min(b, config.atr_cap_multiplier * o) for b, o in zip(blend, own, strict=False)
    ]


def size_factors(bars, config):
    """min(1, target / volatility over the window)."""
    size, out = config.volatility_window, []
    close = bars["close"]
    for i in range(len(close)):
        factor = 1.0
        if config.enable_volatility_adjustment and i >= size:
            window = range(i - size + 1, i + 1)
            if config.volatility_mode == "stddev":
                moves = [close[k] / close[k - 1] - 1 for k in window]
                mean = sum(moves) / size
                measured = math.sqrt(sum((move - mean) ** 2 for move in moves) / (size - 1))
            else:
                reach = [
                    max(
                        bars["high"][k] - bars["low"][k],
                        abs(bars["high"][k] - close[k - 1]),
                        abs(bars["low"][k] - close[k - 1]),
                    )
                    for k in window
                ]
                measured = sum(reach) / size / close[i]
            if measured > 0:
                factor = min(1.0, config.target_volatility / (measured * math.sqrt(size)))
        out.append(factor)
    return out


@dataclass
class Position:
    """An open or closed trade."""

    entry_bar: int
    side: int
    size: float
    entry_price: float
    stop: float | None
    target: float | None
    entry_fee: float
    funding: float = 0.0
    exit_bar: int = -1
    exit_price: float = 0.0
    reason: str = ""
    pnl: float = 0.0
    fees: float = 0.0


@dataclass
class Reference:
    """One run. ``bars`` maps time, open, high, low, close to lists."""

    bars: dict
    bar_ms: int
    timeframe: str
    plan: dict
    config: Any
    costs: Any
    fills: Any
    seed: int
    perpetual: Any = None
    funding: list = field(default_factory=list)
    start: int = 0

    def run(self):
        """Trades in the order of entries, denials by name, equity at each close."""
        self.cash = self.peak = self.realised_peak = self.config.initial_balance
        self.trades, self.open, self.closed, self.denied, self.equity = [], [], [], {}, []
        self.killed, self.drawdown_until, self.loss_until, self.last_fill = False, None, None, None
        self.atr = stop_atr(self.bars, self.bar_ms, self.config)
        self.factor = size_factors(self.bars, self.config)
        last = len(self.bars["close"]) - 1
        leaving, signalled = [], False
        at_close = self.fills.entry == "signal_close"
        for i in range(self.start, last + 1):
            self.pay_funding(i)
            if not at_close:
                self.close_all(leaving, i, self.bars["open"][i])
                if signalled:
                    self.try_entry(i, i - 1, self.bars["open"][i])
            self.inside(i)
            tripped = self.breakers(i)
            leaving = [(p, why) for p in self.open if (why := tripped or self.aged(p, i, at_close))]
            signalled = self.plan["entries"][i]
            if at_close:
                self.close_all(leaving, i, self.bars["close"][i])
                if signalled and i < last:
                    self.try_entry(i, i, self.bars["close"][i])
            if i == last:
                self.close_all([(p, "END") for p in self.open], i, self.bars["close"][i])
            self.equity.append(self.worth(self.bars["close"][i]))
        if signalled:
            self.deny("END_OF_DATA")
        return self

    @property
    def margin(self):
        return 1.0 / self.perpetual.leverage if self.perpetual else 1.0

    def worth(self, price):
        return self.cash + sum(p.side * p.size * (price - p.entry_price) for p in self.open)

    def free(self):
        free = self.cash - sum(p.size * p.entry_price * self.margin for p in self.open)
        return 0.0 if abs(free) <= 1e-9 * self.cash else free

    def deny(self, why):
        self.denied[why] = self.denied.get(why, 0) + 1

    def slipped(self, price, i, leg, direction):
        worst = 0.0 if self.fills.slippage == "none" else self.costs.slippage_pct
        share = draw(self.seed, self.bars["time"][i], leg) if self.fills.slippage == "uniform" else 1.0
        return price * (1 + direction * share * worst)

    def pay_funding(self, i):
        opened = self.bars["time"]
        for time, rate in self.funding if self.perpetual and i else ():
            if opened[i - 1] < time <= opened[i]:
                for p in self.open:
                    paid = p.side * p.size * self.bars["open"][i] * rate
                    p.funding += paid
                    self.cash -= paid

    def close_all(self, leaving, i, price):
        for position, why in leaving:
            self.close(position, i, price, why)

    def close(self, p, i, price, why):
        if why == "LIQUIDATION":
            p.exit_price, fee = p.entry_price * (1 - p.side * self.margin), 0.0
        else:
            p.exit_price = self.slipped(price, i, 1, -p.side)
            fee = p.size * p.exit_price * self.costs.fee_pct
        won = p.side * p.size * (p.exit_price - p.entry_price)
        p.exit_bar, p.reason, p.fees = i, why, p.entry_fee + fee
        p.pnl = won - p.fees - p.funding
        self.cash += won - fee
        self.open.remove(p)
        self.closed.append(p)
        self.last_fill = i
        cooldown = self.config.cooldown(self.timeframe)
        if p.pnl < 0:
            for limit, window in (
                (cooldown.short_loss_limit, cooldown.short_window_bars),
                (cooldown.long_loss_limit, cooldown.long_window_bars),
            ):
                if sum(q.pnl < 0 and i - q.exit_bar < window for q in self.closed) >= limit:
                    self.loss_until = max(self.loss_until or 0, i + window)
        realised = self.config.initial_balance + sum(q.pnl for q in self.closed)
        self.realised_peak = max(self.realised_peak, realised)
        limit = self.config.kill_switch_limit
        self.killed = self.killed or (limit < 1 and realised <= self.realised_peak * (1 - limit))

    def liquidation(self, p):
        if not self.perpetual:
            return None
        return (
            p.entry_price
            * (1 - p.side / self.perpetual.leverage)
            / (1 - p.side * self.perpetual.maintenance_margin)
        )

    def inside(self, i):
        """Levels inside bar ``i``, position by position."""
        o, h, low, c = (self.bars[key][i] for key in ("open", "high", "low", "close"))
        at_close = self.fills.entry == "signal_close"
        for p in list(self.open):
            if at_close and p.entry_bar == i:
                continue
            worst, best = (low, h) if p.side > 0 else (h, low)
            liquidation = self.liquidation(p)

            def beyond(price, level, p=p):
                return level is not None and p.side * (price - level) <= 0

            def reached(price, p=p):
                return p.target is not None and p.side * (price - p.target) >= 0

            if beyond(o, liquidation):
                self.close(p, i, None, "LIQUIDATION")
            elif self.fills.levels == "close":
                if beyond(worst, liquidation):
                    self.close(p, i, None, "LIQUIDATION")
                elif beyond(c, p.stop):
                    self.close(p, i, c, "SL")
                elif reached(c):
                    self.close(p, i, c, "TP")
            elif beyond(o, p.stop):
                self.close(p, i, o, "SL")
            elif reached(o):
                self.close(p, i, o, "TP")
            elif reached(best) and self.fills.first == "target":
                self.close(p, i, p.target, "TP")
            else:
                hit = [
                    (level, why)
                    for level, why in ((p.stop, "SL"), (liquidation, "LIQUIDATION"))
                    if beyond(worst, level)
                ]
                if (
                    hit
                ):  # the one nearer to the entry, the stop where they are equal to within its being set first
                    level, why = max(hit, key=lambda pair: (p.side * pair[0], pair[1] == "LIQUIDATION"))
                    self.close(p, i, level, why)
                elif reached(best):
                    self.close(p, i, p.target, "TP")

    def breakers(self, i):
        value, limit = self.worth(self.bars["close"][i]), self.config.max_drawdown_limit
        if limit < 1:
            pause = self.config.cooldown(self.timeframe).long_window_bars
            if self.drawdown_until is not None and i == self.drawdown_until - 1:
                self.peak = value
            if self.drawdown_until is None or i >= self.drawdown_until - 1:
                self.peak = max(self.peak, value)
                if value <= self.peak * (1 - limit) and self.peak > 0:
                    self.drawdown_until = i + 1 + pause
                    return "KILL" if self.killed else "DRAWDOWN"
        return "KILL" if self.killed else None

    def aged(self, p, i, at_close):
        """Why a position ends at the next fill, its levels apart."""
        times, config = self.bars["time"], self.config
        fill = i if at_close else i + 1
        age = fill - p.entry_bar
        if age == 0:
            return None
        if self.plan["exits"][i]:
            return "SIGNAL"
        hours = config.max_hold_time_hours
        late = (
            hours is not None and fill < len(times) and times[fill] - times[p.entry_bar] >= hours * 3_600_000
        )
        if age >= config.max_hold_bars or late:
            return "MAX_HOLD"
        won = p.side * (self.bars["close"][i] - p.entry_price)
        if age >= config.exit_on_loss_after_bars and won < 0:
            return "LOSS_TIMEOUT"
        if age >= config.exit_on_profit_after_bars and won >= config.profit_threshold_pct * p.entry_price:
            return "PROFIT_TIMEOUT"
        return None

    def gate(self, i):
        config, day = self.config, self.bars["time"][i] // DAY
        if self.killed:
            return "KILL_SWITCH"
        if self.drawdown_until is not None and i < self.drawdown_until:
            return "MAX_DRAWDOWN"
        if len(self.open) >= config.max_open_positions:
            return "MAX_POSITIONS"
        if (
            sum(self.bars["time"][p.entry_bar] // DAY == day for p in self.trades)
            >= config.max_trades_per_day
        ):
            return "DAILY_LIMIT"
        if self.last_fill is not None and i - self.last_fill < config.cooldown_bars:
            return "COOLDOWN"
        if self.loss_until is not None and i < self.loss_until:
            return "LOSS_COOLDOWN"
        if self.free() < config.min_balance_threshold * config.initial_balance:
            return "MIN_BALANCE"
        return None

    def try_entry(self, i, signal, raw):
        why = self.gate(i)
        if why:
            return self.deny(why)
        config, plan = self.config, self.plan
        side = plan["side"][signal]
        stop = plan["stop"][signal] if plan.get("stop") else None
        target = plan["target"][signal] if plan.get("target") else None
        price = self.slipped(raw, i, 0, side)
        if stop is None and config.stop_loss_calculation == "dynamic_atr":
            if self.atr[signal] is None:
                return self.deny("NO_ATR")
            stop = price - side * self.atr[signal] * config.atr_volatility_factor
        elif stop is None and config.stop_loss_calculation == "fixed":
            stop = price - side * price * config.stop_loss_pct
        distance = None if stop is None else side * (price - stop)
        if target is None and stop is not None:
            target = price + side * config.reward_factor * distance
        if (distance is not None and distance <= 0) or (target is not None and side * (target - price) <= 0):
            return self.deny("BAD_LEVELS")
        affordable = self.free() / (price * (self.margin + self.costs.fee_pct))
        wanted = affordable
        if config.position_size_calc == "v2":
            wanted = self.worth(raw) * config.max_risk_per_trade / distance
        size = min(
            wanted * self.factor[signal],
            affordable,
            config.max_units_per_trade,
            config.max_trade_amount / price,
        )
        if size <= 0 or size * price < config.min_trade_amount:
            return self.deny("MIN_TRADE_AMOUNT")
        position = Position(i, side, size, price, stop, target, size * price * self.costs.fee_pct)
        self.cash -= position.entry_fee
        self.open.append(position)
        self.trades.append(position)
        self.last_fill = i
        return None
