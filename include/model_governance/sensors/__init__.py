"""What waits in a DAG: the sensor of a gate, which takes no worker at all."""
