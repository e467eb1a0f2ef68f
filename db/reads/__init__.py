"""Reading for people: one file per noun, plain SQL, rows by column name, every query for one org only."""
