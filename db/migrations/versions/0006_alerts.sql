-- What is watched, and what was said when it went wrong.

-- When the org got the rules everybody starts with; a rule that is deleted afterwards stays deleted.
ALTER TABLE orgs ADD COLUMN alert_rules_at timestamptz;

-- armed: false from an alert until the figure has receded by the hysteresis.
CREATE TABLE alert_rules (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    name text NOT NULL,
    description text NOT NULL,
    metric_name text NOT NULL,
    condition text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    message_template text NOT NULL,
    channels text[] NOT NULL,
    cooldown_period integer NOT NULL CHECK (cooldown_period >= 0),
    hysteresis double precision NOT NULL CHECK (hysteresis >= 0),
    enabled boolean NOT NULL,
    armed boolean NOT NULL DEFAULT true,
    last_triggered_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (org_id, name)
);

-- deliveries: what became of each notifier's message, by its name.
CREATE TABLE alerts (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    rule_id uuid NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    source text NOT NULL,
    value double precision NOT NULL,
    tags text[] NOT NULL,
    deliveries jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text
);
CREATE INDEX alerts_by_time ON alerts (org_id, created_at DESC, id);

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['alert_rules', 'alerts'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO outcry_app', tab);
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
