curl -X GET "https://rose.ampfi.app/api/v1/public/strategy/BTCUSDT" \
 -H "Authorization: Bearer YOUR_BEARER_TOKEN"
