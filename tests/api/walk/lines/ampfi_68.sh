# Basic request
curl -X GET "https://rose.ampfi.app/api/v1/public/strategy/BTCUSDT" \
 -H "Authorization: Bearer YOUR_BEARER_TOKEN"
# With currentPrice parameter
curl -X GET "https://rose.ampfi.app/api/v1/public/strategy/BTCUSDT?currentPrice=45000.50" \
 -H "Authorization: Bearer YOUR_BEARER_TOKEN"
