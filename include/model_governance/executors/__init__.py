"""What runs tasks on one machine: Airflow's LocalExecutor, made to outlive its own workers; see ``local``."""
