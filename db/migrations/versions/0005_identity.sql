-- People and programs, what proves who they are, and the second wall between orgs.

-- What an org has paid for; AmpFi's strategy endpoint wants 'expert'. The operator's own org has everything.
ALTER TABLE orgs ADD COLUMN plan text NOT NULL DEFAULT 'basic' CHECK (plan IN ('basic', 'pro', 'expert'));
UPDATE orgs SET plan = 'expert' WHERE id = '00000000-0000-0000-0000-000000000001';

-- NULL scopes: all that the role allows.
ALTER TABLE api_keys ADD COLUMN scopes text[];

-- People log in by name alone, so a name is one person's on the whole floor.
CREATE TABLE users (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    username text NOT NULL UNIQUE,
    email text,
    full_name text,
    role text NOT NULL CHECK (role IN ('viewer', 'trader', 'admin')),
    password_hash text NOT NULL,
    password_changed_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_login_at timestamptz
);

-- Programs that log in with client credentials.
CREATE TABLE oauth_clients (
    id uuid PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    client_id text NOT NULL UNIQUE,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'trader', 'admin')),
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz
);

-- A refresh token works once. One that comes a second time was stolen from somebody: its whole family ends.
CREATE TABLE refresh_tokens (
    hash bytea PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    user_id uuid NOT NULL REFERENCES users,
    family uuid NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX refresh_by_family ON refresh_tokens (family);
CREATE INDEX refresh_by_user ON refresh_tokens (user_id);
CREATE INDEX refresh_by_age ON refresh_tokens (expires_at);

-- Opens one WebSocket, once, within seconds.
CREATE TABLE tickets (
    hash bytea PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES orgs,
    holder_kind text NOT NULL CHECK (holder_kind IN ('key', 'user', 'client', 'open')),
    holder_id uuid NOT NULL,
    job_id uuid,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    -- Of the token it was asked with, in seconds since 1970: the connection lasts no longer than that.
    token_issued_at double precision,
    token_expires_at double precision,
    login uuid
);
CREATE INDEX tickets_by_age ON tickets (expires_at);

-- Failed logins, by name and by address. Not an org's: whoever fails has none yet.
CREATE TABLE login_failures (
    subject text PRIMARY KEY,
    failures integer NOT NULL,
    since timestamptz NOT NULL,
    locked_until timestamptz
);

-- The second wall: a connection of the role outcry_app sees the rows of one org, whatever a query says. The API works
-- under this role; what runs the floor itself works as the owner and sees all.
DO $$
DECLARE
    tab text;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'outcry_app') THEN
        CREATE ROLE outcry_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
    EXECUTE format('GRANT outcry_app TO %I', current_user);
    EXECUTE 'GRANT USAGE ON SCHEMA public TO outcry_app';
    EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO outcry_app';
    EXECUTE 'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO outcry_app';
    FOR tab IN
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format(
            'CREATE POLICY own_org ON %I TO outcry_app USING (org_id = (SELECT nullif(current_setting(''outcry.org_id'', true), '''')::uuid))',
            tab
        );
        EXECUTE format('CREATE POLICY floor ON %I TO %I USING (true) WITH CHECK (true)', tab, current_user);
    END LOOP;
    -- An org sees itself.
    EXECUTE 'ALTER TABLE orgs ENABLE ROW LEVEL SECURITY';
    EXECUTE 'ALTER TABLE orgs FORCE ROW LEVEL SECURITY';
    EXECUTE 'CREATE POLICY own_org ON orgs TO outcry_app USING (id = (SELECT nullif(current_setting(''outcry.org_id'', true), '''')::uuid))';
    EXECUTE format('CREATE POLICY floor ON orgs TO %I USING (true) WITH CHECK (true)', current_user);
    -- Nothing of what proves an identity is the API's to read under an org's name.
    EXECUTE 'REVOKE ALL ON login_failures FROM outcry_app';
    -- Nor can it make an order or an approval, or take a lease: those are the floor's.
    EXECUTE 'REVOKE ALL ON leases FROM outcry_app';
    EXECUTE 'REVOKE INSERT, UPDATE, DELETE ON orders, approvals FROM outcry_app';
END
$$;

-- How much haste is left to whom, shared by every API process. A crash may forget it.
CREATE UNLOGGED TABLE rate_buckets (
    name text PRIMARY KEY,
    level double precision NOT NULL,
    taken double precision NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX rate_buckets_by_age ON rate_buckets (at);

-- How many WebSockets of an address, a key, a job are open in which API process. A crash closes them all.
CREATE UNLOGGED TABLE attendance (
    name text PRIMARY KEY,
    inside jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
