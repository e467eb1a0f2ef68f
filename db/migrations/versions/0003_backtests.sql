-- Backtests and other jobs, and the queue that workers take them from.
SELECT 1;
