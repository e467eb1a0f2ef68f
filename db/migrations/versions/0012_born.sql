-- `born` is the transaction that inserted a row: unlike xmin it stays when the row is updated. `ended_in` is the one that
-- ended what the row is about. Both are compared with the snapshot in which the first page of a list was read.
ALTER TABLE sessions ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE cycles ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE decisions ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE votes ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE positions ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE orders ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE fills ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE feedback ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE commands ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE strategies ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE strategy_history ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE jobs ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE model_history ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE users ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE api_keys ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE refresh_tokens ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE alerts ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE risk_budgets ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE audit_events ADD COLUMN born xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE FUNCTION note_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.ended_in = pg_current_xact_id();
    RETURN NEW;
END
$$;

ALTER TABLE positions ADD COLUMN ended_in xid8;
UPDATE positions SET ended_in = born WHERE exit_time IS NOT NULL;
CREATE TRIGGER positions_note_end BEFORE UPDATE OF exit_time ON positions
    FOR EACH ROW WHEN (OLD.exit_time IS DISTINCT FROM NEW.exit_time) EXECUTE FUNCTION note_end();

ALTER TABLE users ADD COLUMN ended_in xid8;
UPDATE users SET ended_in = born WHERE disabled_at IS NOT NULL;
CREATE TRIGGER users_note_end BEFORE UPDATE OF disabled_at ON users
    FOR EACH ROW WHEN (OLD.disabled_at IS DISTINCT FROM NEW.disabled_at) EXECUTE FUNCTION note_end();

ALTER TABLE api_keys ADD COLUMN ended_in xid8;
UPDATE api_keys SET ended_in = born WHERE revoked_at IS NOT NULL;
CREATE TRIGGER api_keys_note_end BEFORE UPDATE OF revoked_at ON api_keys
    FOR EACH ROW WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at) EXECUTE FUNCTION note_end();

ALTER TABLE refresh_tokens ADD COLUMN ended_in xid8;
UPDATE refresh_tokens SET ended_in = born WHERE revoked_at IS NOT NULL;
CREATE TRIGGER refresh_tokens_note_end BEFORE UPDATE OF revoked_at ON refresh_tokens
    FOR EACH ROW WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at) EXECUTE FUNCTION note_end();
