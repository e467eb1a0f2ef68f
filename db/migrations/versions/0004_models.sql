-- Trained models, and the history of market regimes.
SELECT 1;
