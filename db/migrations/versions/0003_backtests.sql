-- Backtests and other jobs, and the queue that workers take them from.

-- A job of any kind: a backtest, a sweep. The row is the truth; a queue entry only says that it wants a worker.
-- attempt numbers the tries: whoever claimed the current one may write, a worker that was given up may not.
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    kind text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    status text NOT NULL DEFAULT 'QUEUED'
        CHECK (status IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    request jsonb NOT NULL,
    requested_by text NOT NULL,
    timeout_s integer NOT NULL CHECK (timeout_s > 0),
    progress_current bigint NOT NULL DEFAULT 0,
    progress_total bigint NOT NULL DEFAULT 100 CHECK (progress_total > 0),
    message text NOT NULL DEFAULT '',
    preflight jsonb,
    warnings jsonb NOT NULL DEFAULT '[]',
    result jsonb,
    error text CHECK (length(error) <= 2000),
    timings jsonb NOT NULL DEFAULT '{}',
    attempt integer NOT NULL DEFAULT 1,
    losses integer NOT NULL DEFAULT 0,
    worker text,
    heartbeat_at timestamptz,
    queue text NOT NULL,
    queue_id bigint,
    revision bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((status = 'COMPLETED') = (result IS NOT NULL)),
    CHECK ((status = 'FAILED') = (error IS NOT NULL)),
    CHECK ((status IN ('QUEUED', 'RUNNING')) = (finished_at IS NULL))
);
CREATE INDEX jobs_by_time ON jobs (org_id, created_at DESC, id DESC);
CREATE INDEX jobs_unfinished ON jobs (updated_at) WHERE status IN ('QUEUED', 'RUNNING');

-- What a completed job leaves beside its result, written with it in one transaction. Simulated figures are float64.
CREATE TABLE job_curves (
    job_id uuid PRIMARY KEY REFERENCES jobs,
    org_id uuid NOT NULL REFERENCES orgs,
    at_ms bigint[] NOT NULL,
    equity double precision[] NOT NULL,
    drawdown double precision[] NOT NULL,
    CHECK (cardinality(at_ms) = cardinality(equity) AND cardinality(at_ms) = cardinality(drawdown))
);
CREATE TABLE job_trades (
    job_id uuid NOT NULL REFERENCES jobs,
    number integer NOT NULL,
    org_id uuid NOT NULL REFERENCES orgs,
    symbol text NOT NULL,
    side text NOT NULL CHECK (side IN ('long', 'short')),
    entry_at timestamptz NOT NULL,
    exit_at timestamptz NOT NULL,
    entry_price double precision NOT NULL,
    exit_price double precision NOT NULL,
    quantity double precision NOT NULL,
    stop_loss_price double precision,
    take_profit_price double precision,
    fees double precision NOT NULL,
    funding double precision NOT NULL,
    profit_loss double precision NOT NULL,
    exit_reason text NOT NULL,
    PRIMARY KEY (job_id, number)
);
CREATE TABLE job_reports (
    job_id uuid PRIMARY KEY REFERENCES jobs,
    org_id uuid NOT NULL REFERENCES orgs,
    html text NOT NULL
);

-- Sweeps --------------------------------------------------------------------------------------------------------------
-- What is searched and how it ended; the trials themselves are Optuna's, in its own schema. Whoever knows the name joins.
CREATE TABLE sweeps (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    name text NOT NULL,
    spec jsonb NOT NULL,
    spec_digest text NOT NULL,
    status text NOT NULL DEFAULT 'RUNNING' CHECK (status IN ('RUNNING', 'COMPLETED', 'CANCELLED')),
    result jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    UNIQUE (org_id, name),
    CHECK ((status = 'COMPLETED') = (result IS NOT NULL)),
    CHECK ((status = 'RUNNING') = (finished_at IS NULL))
);
-- A number for every process that joins a sweep. It holds the advisory lock of that number while it lives.
CREATE SEQUENCE sweep_workers AS integer CYCLE;
CREATE SCHEMA optuna;

-- procrastinate's own tables and functions live here. Whoever may write jobs may put them in the queue and take them
-- out again, by these two functions and in no other way.
CREATE SCHEMA queue;
CREATE FUNCTION job_enqueue(job_id uuid, attempt integer, queue text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO queue, pg_temp AS $$
BEGIN
    RETURN (procrastinate_defer_jobs_v1(ARRAY[
        ROW(queue, 'job', 0, NULL, NULL, jsonb_build_object('job_id', job_id, 'attempt', attempt), NULL)
    ]::procrastinate_job_to_defer_v1[]))[1];
END $$;
CREATE FUNCTION job_withdraw(entry bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO queue, pg_temp AS $$
BEGIN
    PERFORM procrastinate_cancel_job_v1(entry, false, true);
END $$;
