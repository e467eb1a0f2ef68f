-- Strategies, their versions and where they stand.

CREATE TABLE strategies (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL REFERENCES orgs,
    name text NOT NULL,
    asset text,
    kind text NOT NULL CHECK (kind IN ('rules', 'code')),
    strategy_type text,
    description text NOT NULL,
    exchange text NOT NULL,
    timeframe text,
    status text NOT NULL CHECK (status IN ('draft', 'inactive', 'paper', 'live', 'archived')),
    agent_name text NOT NULL,
    weight double precision NOT NULL CHECK (weight BETWEEN 0 AND 100),
    owner text NOT NULL,
    parent_id uuid REFERENCES strategies,
    revision bigint NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (org_id, name)
);
-- Two strategies may be called alike enough to vote under one name; only one of them sits on the floor at a time.
CREATE UNIQUE INDEX strategies_seated ON strategies (org_id, agent_name) WHERE status IN ('paper', 'live');

-- What a strategy is at a version: its body never changes, its stage and its newest metrics do. The figures that lists
-- are filtered and sorted by stand beside the metrics they come from.
CREATE TABLE strategy_versions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL REFERENCES orgs,
    strategy_id uuid NOT NULL REFERENCES strategies,
    version text NOT NULL,
    number integer[] NOT NULL,
    body jsonb NOT NULL,
    content_hash text NOT NULL,
    stage text NOT NULL CHECK (stage IN ('dev', 'staging', 'prod')),
    tags jsonb NOT NULL,
    notes text NOT NULL,
    metrics jsonb,
    metrics_from text CHECK (metrics_from IN ('backtest', 'validation')),
    metrics_at timestamptz,
    score double precision,
    total_return double precision,
    sharpe_ratio double precision,
    max_drawdown double precision,
    trades bigint,
    staged_at timestamptz,
    promoted_at timestamptz,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (strategy_id, version)
);
-- One version of a strategy is in production and one is being tried; every other is dev.
CREATE UNIQUE INDEX strategy_versions_in_production ON strategy_versions (strategy_id) WHERE stage = 'prod';
CREATE UNIQUE INDEX strategy_versions_in_staging ON strategy_versions (strategy_id) WHERE stage = 'staging';

-- Backtests of a version on walk-forward windows, and what the promotion gates say of them.
CREATE TABLE strategy_validations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL REFERENCES orgs,
    version_id uuid NOT NULL REFERENCES strategy_versions,
    state text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED')),
    asked jsonb NOT NULL,
    report jsonb,
    outcome text CHECK (outcome IN ('PASS', 'MARGINAL', 'FAIL', 'INSUFFICIENT_TRADES')),
    error text,
    job_id uuid,
    requested_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz
);
CREATE INDEX strategy_validations_of ON strategy_validations (version_id, created_at DESC);

-- Who changed what, when, from what to what, why, and whether a gate was overridden for it. Only ever added to.
CREATE TABLE strategy_history (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    strategy_id uuid NOT NULL REFERENCES strategies,
    at timestamptz NOT NULL DEFAULT now(),
    who text NOT NULL,
    what text NOT NULL,
    version text,
    before jsonb,
    after jsonb,
    reason text NOT NULL,
    forced boolean NOT NULL
);
CREATE INDEX strategy_history_of ON strategy_history (strategy_id, number);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME; END $$;
CREATE TRIGGER strategy_history_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON strategy_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The strategy that cast a vote; no foreign key, for a round's record must be written whatever became of the strategy.
ALTER TABLE votes ADD COLUMN strategy_id uuid;
CREATE INDEX votes_of_strategy ON votes (strategy_id, session_id, seq) WHERE strategy_id IS NOT NULL;
