-- Real venues: what was sent to them, and what they said.

-- What happened to a session's account at its venue, numbered from 1 without gaps. Rows of one transaction share first.
CREATE TABLE venue_events (
    session_id uuid NOT NULL REFERENCES sessions,
    org_id uuid NOT NULL REFERENCES orgs,
    number bigint NOT NULL CHECK (number > 0),
    first bigint NOT NULL,
    cause text NOT NULL,
    event jsonb NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session_id, number)
);
-- A trade of the venue is booked once, whoever tells of it.
CREATE UNIQUE INDEX venue_events_by_trade ON venue_events
    (session_id, (event -> 'fill' ->> 'symbol'), (event -> 'fill' ->> 'trade_id'), (event -> 'fill' ->> 'side'))
    WHERE event ->> 'kind' = 'filled';

-- Every order that may ever have left for a venue, written before its first byte. A name is used once and for ever.
CREATE TABLE venue_sends (
    client_order_id text PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions,
    org_id uuid NOT NULL REFERENCES orgs,
    exchange text NOT NULL,
    seq integer NOT NULL,
    request jsonb NOT NULL,
    sent_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'KNOWN', 'REJECTED', 'ABSENT')),
    alarmed_at timestamptz
);
CREATE INDEX venue_sends_open ON venue_sends (sent_at) WHERE state = 'OPEN';
CREATE INDEX venue_sends_by_session ON venue_sends (session_id);

-- What is booked of an account at a venue beside the rounds: opening, fills, moves, adoptions, reversals. Never changed.
CREATE TABLE venue_books (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    account text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    body jsonb NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account, key)
);

-- What every comparison of our books with a venue found, and what it halted.
CREATE TABLE reconciliations (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    account text NOT NULL,
    exchange text NOT NULL,
    at timestamptz NOT NULL,
    differences jsonb NOT NULL,
    halts jsonb NOT NULL
);
CREATE INDEX reconciliations_by_org ON reconciliations (org_id, number DESC);

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['venue_events', 'venue_sends', 'venue_books', 'reconciliations'] LOOP
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
