"""The files that tasks of the queue make."""
