"""What a person does with MLflow, by its own client: run by the tests under MLflow's own Python, prints JSON."""

import json
import tempfile
from pathlib import Path

from mlflow import MlflowClient

EXPERIMENT, MODEL = "floor/weekly", "price-predictor"


def main() -> None:
    client = MlflowClient()
    experiment_id = client.create_experiment(EXPERIMENT, tags={"team": "desk"})
    run = client.create_run(experiment_id, run_name="first")
    run_id = run.info.run_id
    client.log_param(run_id, "window", 20)
    for step, value in enumerate((0.5, 0.75, 0.924)):
        client.log_metric(run_id, "accuracy", value, step=step)
    content = bytes(range(256)) * 4096  # a MiB that no text encoding leaves as it is
    with tempfile.TemporaryDirectory() as folder:
        sent = Path(folder) / "weights and ä.bin"
        sent.write_bytes(content)
        client.log_artifact(run_id, str(sent), "model/files")
        listed = [file.path for file in client.list_artifacts(run_id, "model/files")]
        got = Path(client.download_artifacts(run_id, f"model/files/{sent.name}", folder)).read_bytes()
    client.set_terminated(run_id)
    client.create_registered_model(MODEL, description="tries")
    version = client.create_model_version(MODEL, f"runs:/{run_id}/model", run_id)
    client.set_registered_model_alias(MODEL, "champion", version.version)
    found = client.search_runs([experiment_id], "metrics.accuracy > 0.9")
    print(
        json.dumps(
            {
                "experiment_id": experiment_id,
                "run_id": run_id,
                "status": client.get_run(run_id).info.status,
                "history": [one.value for one in client.get_metric_history(run_id, "accuracy")],
                "params": found[0].data.params,
                "found": [one.info.run_id for one in found],
                "listed": listed,
                "same": got == content,
                "bytes": len(got),
                "version": str(version.version),
                "champion": str(client.get_model_version_by_alias(MODEL, "champion").version),
            }
        )
    )


if __name__ == "__main__":
    main()
