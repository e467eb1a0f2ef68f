ALTER TABLE jobs ADD COLUMN archived_at timestamptz;
