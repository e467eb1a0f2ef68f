"""The MLflow tracking server behind ``/mlflow``: where it is, what of a request may reach it, and handing it on."""
