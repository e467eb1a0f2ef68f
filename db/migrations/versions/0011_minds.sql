-- What language models may cost and have cost. Dollars as numeric; days are UTC days.

-- An org's limits; NULL: as configured. level: the step of the ladder that level_day has reached.
CREATE TABLE model_budgets (
    org_id uuid PRIMARY KEY REFERENCES orgs,
    call numeric CHECK (call >= 0),
    round numeric CHECK (round >= 0),
    agent_day numeric CHECK (agent_day >= 0),
    day numeric CHECK (day >= 0),
    org numeric CHECK (org >= 0),
    level text NOT NULL DEFAULT 'full' CHECK (level IN ('full', 'smaller', 'fewer', 'rules')),
    level_day date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date,
    updated_by text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- One call of a model. RESERVED: its upper bound counts as spent. SETTLED: its cost does. LAPSED: never heard of again, so
-- the bound is taken for its cost.
CREATE TABLE model_calls (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    session_id uuid,
    seq bigint,
    agent text NOT NULL,
    model text NOT NULL,
    prompt_hash text NOT NULL,
    params jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('RESERVED', 'SETTLED', 'LAPSED')),
    reserved numeric NOT NULL CHECK (reserved >= 0),
    cost numeric CHECK (cost >= 0),
    prompt_tokens integer NOT NULL DEFAULT 0,
    cached_tokens integer NOT NULL DEFAULT 0,
    completion_tokens integer NOT NULL DEFAULT 0,
    latency_ms double precision,
    fault text,
    cache text NOT NULL DEFAULT 'none' CHECK (cache IN ('none', 'exact', 'semantic')),
    day date NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz
);
CREATE INDEX model_calls_in_flight ON model_calls (org_id, created_at) WHERE state = 'RESERVED';
CREATE INDEX model_calls_by_time ON model_calls (org_id, created_at DESC);

-- Running sums of model_calls by what a limit is about: 'org', 'day:DAY', 'agent_day:DAY:AGENT', 'round:SESSION:SEQ'.
CREATE TABLE model_spending (
    org_id uuid NOT NULL REFERENCES orgs,
    subject text NOT NULL,
    day date,
    spent numeric NOT NULL DEFAULT 0,
    reserved numeric NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, subject)
);
CREATE INDEX model_spending_by_age ON model_spending (day) WHERE day IS NOT NULL;

-- What models answered, to be given again: to the very same question (prompt_hash), or to one in the same frame (everything that is
-- sent but the round's figures) whose situation is alike. situation: a vector of the space named beside it; without one the
-- answer is good for the same question alone. as_of: market time of the round.
CREATE TABLE model_answers (
    org_id uuid NOT NULL REFERENCES orgs,
    agent text NOT NULL,
    model text NOT NULL,
    version text NOT NULL,
    prompt_hash text NOT NULL,
    frame text NOT NULL,
    space text,
    situation vector(256),
    as_of timestamptz NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (org_id, agent, model, version, prompt_hash),
    CHECK (num_nonnulls(space, situation) IN (0, 2))
);
CREATE INDEX model_answers_by_frame ON model_answers (org_id, agent, frame, as_of) WHERE situation IS NOT NULL;

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['model_budgets', 'model_calls', 'model_spending', 'model_answers'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO outcry_app', tab);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format(
            'CREATE POLICY own_org ON %I TO outcry_app USING (org_id = (SELECT nullif(current_setting(''outcry.org_id'', true), '''')::uuid))',
            tab
        );
        EXECUTE format('CREATE POLICY floor ON %I TO %I USING (true) WITH CHECK (true)', tab, current_user);
    END LOOP;
    -- What was spent and answered is the floor's to write, an org's to read.
    EXECUTE 'REVOKE INSERT, UPDATE, DELETE ON model_calls, model_spending, model_answers FROM outcry_app';
END
$$;
