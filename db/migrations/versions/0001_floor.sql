-- The floor's storage. Every row that belongs to someone carries its org. Money is NUMERIC, time is timestamptz (UTC).
-- Rows below "projection" follow from the ledger's records and are checked against them by `outcry ledger verify`.

CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE orgs (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO orgs (id, name) VALUES ('00000000-0000-0000-0000-000000000001', 'default');

CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    name text NOT NULL,
    prefix text NOT NULL UNIQUE,
    hash bytea NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'trader', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);

-- Small facts about the running floor: clock, halt, config (runtime changes), run.
CREATE TABLE floor_state (
    key text PRIMARY KEY,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Who may act: a name, its holder's connection, and a token that grows whenever another takes it (db/leases.py).
CREATE TABLE leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    token bigint NOT NULL,
    backend_pid integer NOT NULL,
    backend_start timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE agents (
    org_id uuid NOT NULL REFERENCES orgs,
    name text NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'inactive', 'error')),
    last_seen_at timestamptz NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (org_id, name)
);

-- A trading session: one symbol, its capital, its ledger chain.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    run_key text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('PAPER', 'LIVE')),
    status text NOT NULL CHECK (status IN ('RUNNING', 'PAUSED', 'STOPPED')),
    symbol text NOT NULL,
    hedge_symbol text,
    exchange text NOT NULL,
    timeframe text NOT NULL,
    source text NOT NULL CHECK (source IN ('live', 'recorded', 'synthetic')),
    seed bigint NOT NULL,
    initial_capital numeric NOT NULL,
    final_capital numeric,
    config jsonb NOT NULL,
    config_digest text NOT NULL,
    stats jsonb NOT NULL DEFAULT '{}',
    head_seq bigint NOT NULL DEFAULT -1,
    head_hash text NOT NULL,
    head_seal text NOT NULL,
    as_of timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    stopped_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_by_run ON sessions (run_key, status);

-- Work in progress: an OPEN or POLLED round is completed once or aborted after a crash.
CREATE TABLE rounds (
    session_id uuid NOT NULL REFERENCES sessions,
    seq bigint NOT NULL,
    org_id uuid NOT NULL REFERENCES orgs,
    as_of timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'POLLED', 'CLOSED', 'ABORTED')),
    opening jsonb NOT NULL,
    ballots text,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    PRIMARY KEY (session_id, seq)
);
CREATE INDEX rounds_unfinished ON rounds (session_id) WHERE state IN ('OPEN', 'POLLED');

-- The ledger. hash = sha256(body); body holds prev_hash. Written only by appending. What may differ between two equal
-- runs stands beside the body: beside holds a digest of each such value, seal chains those.
CREATE TABLE cycles (
    session_id uuid NOT NULL REFERENCES sessions,
    seq bigint NOT NULL,
    org_id uuid NOT NULL REFERENCES orgs,
    kind text NOT NULL,
    as_of timestamptz NOT NULL,
    body text NOT NULL,
    hash text NOT NULL,
    prev_hash text NOT NULL,
    timings jsonb NOT NULL DEFAULT '{}',
    committed_at timestamptz NOT NULL,
    beside jsonb NOT NULL,
    seal text NOT NULL,
    PRIMARY KEY (session_id, seq)
);

-- Projection of the records -------------------------------------------------------------------------------------

CREATE TABLE decisions (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    session_id uuid NOT NULL REFERENCES sessions,
    seq bigint NOT NULL,
    agent_name text NOT NULL,
    symbol text NOT NULL,
    decision_type text NOT NULL,
    decision text NOT NULL,
    target text NOT NULL,
    confidence double precision NOT NULL,
    reasoning text NOT NULL,
    context jsonb NOT NULL,
    prompt text NOT NULL,
    response text NOT NULL,
    model text NOT NULL,
    prompt_tokens integer NOT NULL,
    completion_tokens integer NOT NULL,
    cost_usd numeric NOT NULL,
    source text NOT NULL,
    outcome text NOT NULL DEFAULT 'PENDING' CHECK (outcome IN ('PENDING', 'SUCCESS', 'FAILURE')),
    actual_pnl numeric,
    outcome_reason text,
    outcome_known_at timestamptz,
    context_embedding vector(64) NOT NULL,
    context_embedder text NOT NULL,
    prompt_embedding vector(256),
    prompt_embedder text,
    created_at timestamptz NOT NULL,
    UNIQUE (session_id, seq)
) WITH (fillfactor = 80, toast_tuple_target = 512);
-- Room on the page and long texts out of line: writing an outcome touches no index, so no vector is indexed again.
CREATE INDEX decisions_by_time ON decisions (org_id, created_at DESC);
CREATE INDEX decisions_unembedded ON decisions (created_at) WHERE prompt_embedding IS NULL;
CREATE INDEX decisions_by_context ON decisions USING hnsw (context_embedding vector_cosine_ops)
    WITH (m = 16, ef_construction = 64);
CREATE INDEX decisions_by_prompt ON decisions USING hnsw (prompt_embedding vector_cosine_ops)
    WITH (m = 8, ef_construction = 32) WHERE prompt_embedder = 'text:hash-v1';

CREATE INDEX decisions_by_words ON decisions
    USING gin (to_tsvector('english', symbol || ' ' || decision || ' ' || reasoning));

CREATE TABLE votes (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    session_id uuid NOT NULL REFERENCES sessions,
    seq bigint NOT NULL,
    decision_id uuid NOT NULL REFERENCES decisions,
    agent_name text NOT NULL,
    symbol text NOT NULL,
    decision_type text NOT NULL,
    action text NOT NULL,
    confidence double precision,
    reasoning text NOT NULL,
    evidence jsonb NOT NULL,
    abstain_reason text,
    stop_loss numeric,
    take_profit numeric,
    size_factor double precision,
    hedge_ratio double precision,
    horizon_bars integer,
    weight double precision NOT NULL,
    counted boolean NOT NULL,
    model text NOT NULL,
    prompt text NOT NULL,
    response text NOT NULL,
    prompt_tokens integer NOT NULL,
    completion_tokens integer NOT NULL,
    cost_usd numeric NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (session_id, seq, agent_name)
);
CREATE INDEX votes_by_agent ON votes (org_id, agent_name, created_at DESC);

CREATE TABLE approvals (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    session_id uuid NOT NULL REFERENCES sessions,
    seq bigint NOT NULL,
    leg text NOT NULL,
    client_order_id text NOT NULL UNIQUE,
    order_hash text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now(),
    standing jsonb,
    UNIQUE (session_id, seq, leg)
);

CREATE TABLE positions (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    session_id uuid NOT NULL REFERENCES sessions,
    ordinal integer NOT NULL,
    symbol text NOT NULL,
    exchange text NOT NULL,
    side text NOT NULL CHECK (side IN ('LONG', 'SHORT')),
    role text NOT NULL,
    quantity numeric NOT NULL,
    entry_quantity numeric NOT NULL,
    entry_price numeric NOT NULL,
    entry_time timestamptz NOT NULL,
    entry_reason text NOT NULL,
    opened_seq bigint NOT NULL,
    stop_loss numeric,
    take_profit numeric,
    exit_quantity numeric NOT NULL,
    exit_price numeric,
    exit_time timestamptz,
    exit_reason text,
    closed_seq bigint,
    realized_pnl numeric NOT NULL,
    unrealized_pnl numeric NOT NULL,
    fees numeric NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (session_id, ordinal)
);
CREATE INDEX positions_open ON positions (org_id, symbol) WHERE exit_time IS NULL;
CREATE INDEX positions_opened ON positions (session_id, opened_seq);
CREATE INDEX positions_closed ON positions (session_id, closed_seq);

-- An order row is born INTENT by the execution server before any byte leaves; records carry it on from there.
CREATE TABLE orders (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    session_id uuid NOT NULL REFERENCES sessions,
    seq bigint NOT NULL,
    leg text NOT NULL,
    client_order_id text NOT NULL UNIQUE,
    venue_order_id text,
    symbol text NOT NULL,
    exchange text NOT NULL,
    side text NOT NULL CHECK (side IN ('BUY', 'SELL')),
    type text NOT NULL,
    status text NOT NULL,
    price numeric,
    stop_price numeric,
    quantity numeric NOT NULL,
    executed_quantity numeric NOT NULL DEFAULT 0,
    executed_quote_quantity numeric NOT NULL DEFAULT 0,
    time_in_force text NOT NULL,
    reduce_only boolean NOT NULL,
    oco_group text,
    reason text NOT NULL,
    refusal jsonb,
    error_message text,
    placed_at timestamptz,
    filled_at timestamptz,
    canceled_at timestamptz,
    expired_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (session_id, seq, leg)
);
CREATE INDEX orders_by_time ON orders (org_id, created_at DESC);
CREATE INDEX orders_open ON orders (session_id) WHERE status IN ('INTENT', 'SENT', 'NEW', 'PARTIALLY_FILLED', 'UNKNOWN');

-- No order leaves this floor without the gate's approval of exactly it, used once.
CREATE FUNCTION order_needs_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM approvals a WHERE a.session_id = NEW.session_id AND a.seq = NEW.seq AND a.leg = NEW.leg
            AND a.client_order_id = NEW.client_order_id AND a.org_id = NEW.org_id
    ) THEN
        RAISE EXCEPTION 'order % has no approval', NEW.client_order_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER order_needs_approval BEFORE INSERT OR UPDATE OF status ON orders
    FOR EACH ROW WHEN (NEW.status IN ('INTENT', 'SENT')) EXECUTE FUNCTION order_needs_approval();

CREATE TABLE fills (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    session_id uuid NOT NULL REFERENCES sessions,
    seq bigint NOT NULL,
    order_id uuid REFERENCES orders,
    trade_id text NOT NULL,
    kind text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    price numeric NOT NULL,
    quantity numeric NOT NULL,
    fee numeric NOT NULL,
    liquidity text NOT NULL,
    executed_at timestamptz NOT NULL,
    UNIQUE (session_id, trade_id)
);
CREATE INDEX fills_by_time ON fills (org_id, executed_at DESC);

CREATE TABLE equity (
    session_id uuid NOT NULL REFERENCES sessions,
    seq bigint NOT NULL,
    org_id uuid NOT NULL REFERENCES orgs,
    as_of timestamptz NOT NULL,
    equity numeric NOT NULL,
    cash numeric NOT NULL,
    drawdown double precision NOT NULL,
    PRIMARY KEY (session_id, seq)
);

-- What people think of decisions.
CREATE TABLE feedback (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    decision_id uuid NOT NULL REFERENCES decisions,
    rating text NOT NULL CHECK (rating IN ('positive', 'negative')),
    comment text NOT NULL,
    tags jsonb NOT NULL,
    given_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (decision_id, given_by)
);
CREATE INDEX feedback_by_time ON feedback (org_id, created_at DESC);

-- Ways in and out -----------------------------------------------------------------------------------------------

CREATE TABLE commands (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    number bigint GENERATED ALWAYS AS IDENTITY,
    body jsonb NOT NULL,
    state text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'DONE', 'FAILED', 'EXPIRED')),
    result jsonb,
    requested_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz
);
CREATE INDEX commands_pending ON commands (number) WHERE state = 'PENDING';

-- What WebSocket clients hear. Numbers are assigned under the counter's row lock, so they follow commit order.
CREATE TABLE event_counters (
    org_id uuid PRIMARY KEY REFERENCES orgs,
    last_seq bigint NOT NULL
);
INSERT INTO event_counters VALUES ('00000000-0000-0000-0000-000000000001', 0);
CREATE TABLE events (
    org_id uuid NOT NULL REFERENCES orgs,
    seq bigint NOT NULL,
    type text NOT NULL,
    data jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (org_id, seq)
);

CREATE TABLE idempotency_keys (
    org_id uuid NOT NULL REFERENCES orgs,
    key text NOT NULL,
    request_hash text NOT NULL,
    status integer,
    response jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, key)
);
CREATE INDEX idempotency_by_age ON idempotency_keys (created_at);
