"""What waits in Airflow's triggerer: one poll of the registry for all waiting gates."""
