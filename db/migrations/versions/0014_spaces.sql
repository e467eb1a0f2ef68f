-- Spaces that prompts are embedded in beside the offline one (text:hash-v1, which decisions.prompt_embedding always has). A
-- vector names its space and that space's size, and no query looks into two spaces. At most one answers; with none the offline
-- space does. fault: why its embedder gave nothing when it was last asked. Written by the floor alone.
CREATE TABLE embedding_spaces (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    vendor text NOT NULL CHECK (vendor IN ('openai', 'compatible')),
    model text NOT NULL,
    address text NOT NULL,
    dimensions integer NOT NULL CHECK (dimensions BETWEEN 1 AND 4000),
    asked boolean NOT NULL,
    state text NOT NULL DEFAULT 'FILLING' CHECK (state IN ('FILLING', 'ANSWERING', 'LEFT')),
    fault text,
    fault_at timestamptz,
    whole_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, dimensions)
);
CREATE UNIQUE INDEX embedding_spaces_answering ON embedding_spaces (state) WHERE state = 'ANSWERING';

-- A decision's prompt in a space. Without a vector, fault says why its embedder refuses this one text.
CREATE TABLE prompt_vectors (
    space_id integer NOT NULL,
    decision_id uuid NOT NULL REFERENCES decisions,
    org_id uuid NOT NULL REFERENCES orgs,
    dimensions integer NOT NULL,
    embedding vector CHECK (vector_dims(embedding) = dimensions),
    fault text CHECK (length(fault) <= 300),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (space_id, decision_id),
    FOREIGN KEY (space_id, dimensions) REFERENCES embedding_spaces (id, dimensions),
    CHECK (num_nonnulls(embedding, fault) = 1)
);

DO $$
BEGIN
    EXECUTE 'REVOKE ALL ON embedding_spaces, prompt_vectors FROM outcry_app';
    EXECUTE 'GRANT SELECT ON embedding_spaces, prompt_vectors TO outcry_app';
    EXECUTE 'ALTER TABLE prompt_vectors ENABLE ROW LEVEL SECURITY';
    EXECUTE 'ALTER TABLE prompt_vectors FORCE ROW LEVEL SECURITY';
    EXECUTE 'CREATE POLICY own_org ON prompt_vectors TO outcry_app USING (org_id = (SELECT nullif(current_setting(''outcry.org_id'', true), '''')::uuid))';
    EXECUTE format('CREATE POLICY floor ON prompt_vectors TO %I USING (true) WITH CHECK (true)', current_user);
END
$$;
