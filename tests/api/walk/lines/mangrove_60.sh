curl -X POST "http://localhost:5001/api/v1/strategies" \
-H "Authorization: Bearer $TOKEN" \
-H "Content-Type: application/json" \
-d '{
"name": "BTC RSI Strategy",
"asset": "BTC",
"entry": [
{
"name": "rsi_oversold",
"signal_type": "TRIGGER",
"timeframe": "1h",
"params": {"window": 14, "threshold": 30}
},
{
"name": "is_above_sma",
"signal_type": "FILTER",
"timeframe": "1h",
"params": {"window": 50}
}
],
"exit": [],
"reward_factor": 2.0
}'
