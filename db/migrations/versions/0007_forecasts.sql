-- Forecasts that are shared by every API process, and a way to a symbol's newest decision.

-- The newest forecast that was asked for, per series. It follows from candles, which are everybody's: it has no org.
CREATE TABLE forecasts (
    exchange text NOT NULL,
    symbol text NOT NULL,
    timeframe text NOT NULL,
    as_of timestamptz NOT NULL,
    model text NOT NULL,
    body jsonb NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (exchange, symbol, timeframe)
);
GRANT SELECT, INSERT, UPDATE ON forecasts TO outcry_app;

CREATE INDEX decisions_by_symbol ON decisions (org_id, symbol, created_at DESC);
