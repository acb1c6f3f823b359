"""What Airflow tells of itself and the process acts on: so far that a component starts."""
