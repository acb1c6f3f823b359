"""The process: what takes a machine-learning model from a use case to production under governance."""
