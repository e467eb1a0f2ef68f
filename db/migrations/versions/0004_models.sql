-- Trained models, and the history of market regimes.

-- A model is a name; what it is lies in its versions.
CREATE TABLE models (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL REFERENCES orgs,
    name text NOT NULL,
    kind text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (org_id, name)
);

-- A version's artefact is plain JSON and never changes, nor do its metrics; its stage does.
CREATE TABLE model_versions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL REFERENCES orgs,
    model_id uuid NOT NULL REFERENCES models,
    version text NOT NULL,
    number integer[] NOT NULL,
    stage text NOT NULL DEFAULT 'None' CHECK (stage IN ('None', 'Staging', 'Production', 'Archived')),
    parameters jsonb NOT NULL,
    metrics jsonb NOT NULL,
    artefact jsonb NOT NULL,
    content_hash text NOT NULL,
    seed bigint NOT NULL,
    trained_from timestamptz NOT NULL,
    trained_until timestamptz NOT NULL,
    notes text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    promoted_at timestamptz,
    archived_at timestamptz,
    CHECK (trained_from < trained_until),
    CHECK ((stage = 'Archived') = (archived_at IS NOT NULL)),
    UNIQUE (model_id, version),
    UNIQUE (model_id, content_hash)
);
CREATE UNIQUE INDEX model_versions_in_production ON model_versions (model_id) WHERE stage = 'Production';

-- Who moved which version to which stage, when and why. Only ever added to.
CREATE TABLE model_history (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    model_id uuid NOT NULL REFERENCES models,
    version text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    who text NOT NULL,
    what text NOT NULL CHECK (what IN ('registered', 'moved', 'rolled_back')),
    before text,
    after text NOT NULL,
    reason text NOT NULL
);
CREATE INDEX model_history_of ON model_history (model_id, number);
CREATE TRIGGER model_history_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON model_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Confirmed regimes of a market, one after another: each begins where the one before ended, the last is open.
CREATE TABLE regimes (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    exchange text NOT NULL,
    symbol text NOT NULL,
    timeframe text NOT NULL,
    regime text NOT NULL CHECK (regime IN ('bull', 'bear', 'sideways', 'crisis', 'recovery')),
    confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    started_at timestamptz NOT NULL,
    ended_at timestamptz CHECK (ended_at > started_at),
    version_id uuid NOT NULL REFERENCES model_versions,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (org_id, exchange, symbol, timeframe, started_at)
);
CREATE UNIQUE INDEX regimes_open ON regimes (org_id, exchange, symbol, timeframe) WHERE ended_at IS NULL;

-- How far a market has been followed, what is needed to follow it one bar further, and what there is to say there.
CREATE TABLE regime_tracks (
    org_id uuid NOT NULL REFERENCES orgs,
    exchange text NOT NULL,
    symbol text NOT NULL,
    timeframe text NOT NULL,
    version_id uuid NOT NULL REFERENCES model_versions,
    closed_at timestamptz NOT NULL,
    track jsonb NOT NULL,
    told jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, exchange, symbol, timeframe)
);
