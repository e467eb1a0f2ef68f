curl -H "Authorization: Bearer $TOKEN" \
"http://localhost:5001/api/v1/strategies?skip=0&limit=10"
