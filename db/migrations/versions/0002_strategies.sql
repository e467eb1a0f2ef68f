-- Strategies, their versions and where they stand.
SELECT 1;
