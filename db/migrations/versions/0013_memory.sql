-- What is remembered of decisions beside themselves. Written by the floor alone: the API's role reads an org's.

-- What was learned from a decision's end. author: the rules, or the model, that wrote it; record_hash: the link of the ledger it
-- was made from.
CREATE TABLE reflections (
    decision_id uuid PRIMARY KEY REFERENCES decisions,
    org_id uuid NOT NULL REFERENCES orgs,
    author text NOT NULL,
    text text NOT NULL CHECK (length(text) <= 4000),
    agents_right text[] NOT NULL,
    agents_wrong text[] NOT NULL,
    record_hash text NOT NULL,
    known_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reflections_by_time ON reflections (org_id, known_at DESC);

-- What a model wrote of a decision that had ended, beside the rules' reflection on it. model, version and prompt_hash: who was asked
-- what; without a text, fault says why nothing of its answer was kept.
CREATE TABLE lessons (
    decision_id uuid PRIMARY KEY REFERENCES reflections,
    org_id uuid NOT NULL REFERENCES orgs,
    model text NOT NULL,
    version text NOT NULL,
    prompt_hash text NOT NULL,
    text text CHECK (length(text) <= 400),
    fault text CHECK (length(fault) <= 300),
    known_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(text, fault) = 1)
);

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['reflections', 'lessons'] LOOP
        EXECUTE format('REVOKE ALL ON %I FROM outcry_app', tab);
        EXECUTE format('GRANT SELECT ON %I TO outcry_app', tab);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format(
            'CREATE POLICY own_org ON %I TO outcry_app USING (org_id = (SELECT nullif(current_setting(''outcry.org_id'', true), '''')::uuid))',
            tab
        );
        EXECUTE format('CREATE POLICY floor ON %I TO %I USING (true) WITH CHECK (true)', tab, current_user);
    END LOOP;
END
$$;
