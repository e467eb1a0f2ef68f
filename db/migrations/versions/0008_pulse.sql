-- Budgets of risk, ensembles of agents, exchange credentials, and what nothing else keeps for an audit.

-- One look at the budget each time somebody asked for a rebalancing. as_of is market time; adopted: its targets are in force.
CREATE TABLE risk_budgets (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    as_of timestamptz NOT NULL,
    adopted boolean NOT NULL,
    forced boolean NOT NULL,
    reason text NOT NULL,
    requested_by text NOT NULL,
    figures jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX risk_budgets_by_time ON risk_budgets (org_id, as_of DESC, created_at DESC);

CREATE TABLE ensembles (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    name text NOT NULL,
    ensemble_type text NOT NULL,
    parameters jsonb NOT NULL,
    description text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (org_id, name)
);

CREATE TABLE ensemble_agents (
    ensemble_id uuid NOT NULL REFERENCES ensembles ON DELETE CASCADE,
    org_id uuid NOT NULL REFERENCES orgs,
    agent_id text NOT NULL,
    agent_type text NOT NULL,
    initial_weight double precision NOT NULL CHECK (initial_weight >= 0),
    weight double precision NOT NULL CHECK (weight >= 0),
    registered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ensemble_id, agent_id)
);

-- Every learning of weights: what they were, what they became, and the scores they followed from.
CREATE TABLE ensemble_learnings (
    id uuid PRIMARY KEY,
    ensemble_id uuid NOT NULL REFERENCES ensembles ON DELETE CASCADE,
    org_id uuid NOT NULL REFERENCES orgs,
    as_of timestamptz NOT NULL,
    metric text NOT NULL,
    weights_before jsonb NOT NULL,
    weights_after jsonb NOT NULL,
    scores jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ensemble_learnings_by_time ON ensemble_learnings (ensemble_id, created_at DESC);

-- sealed: key and secret, encrypted with the home's own key, which is not in this database.
CREATE TABLE exchange_credentials (
    org_id uuid NOT NULL REFERENCES orgs,
    exchange text NOT NULL,
    api_key_prefix text NOT NULL,
    sealed bytea NOT NULL,
    permissions text[] NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    rotated_at timestamptz,
    PRIMARY KEY (org_id, exchange)
);

-- What people did that leaves no row of its own.
CREATE TABLE audit_events (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    event_type text NOT NULL,
    actor text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX audit_events_by_time ON audit_events (org_id, at DESC);

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY[
        'risk_budgets', 'ensembles', 'ensemble_agents', 'ensemble_learnings', 'exchange_credentials', 'audit_events'
    ] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO outcry_app', tab);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format(
            'CREATE POLICY own_org ON %I TO outcry_app USING (org_id = (SELECT nullif(current_setting(''outcry.org_id'', true), '''')::uuid))',
            tab
        );
        EXECUTE format('CREATE POLICY floor ON %I TO %I USING (true) WITH CHECK (true)', tab, current_user);
    END LOOP;
    -- An audit's rows are written and read, never changed.
    EXECUTE 'REVOKE UPDATE, DELETE ON audit_events FROM outcry_app';
END
$$;
