curl -X POST https://{cognito-endpoint}/oauth2/token \
-H "Content-Type: application/x-www-form-urlencoded" \
-d "client_id={CLIENT_ID}" \
-d "client_secret={CLIENT_SECRET}" \
-d "grant_type=client_credentials" \
-d "scope=tradai/api"
