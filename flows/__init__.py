"""The pipeline: Prefect flows around gptcore and tasks_to_text, and MLflow; only here."""
