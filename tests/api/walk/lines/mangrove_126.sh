curl -X DELETE "http://localhost:5001/api/v1/strategies/278bba9d-7f4c-476c-9dea-a1a44f1fcfba" \
-H "Authorization: Bearer $TOKEN"
