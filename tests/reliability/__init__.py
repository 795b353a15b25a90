"""What happens when things go wrong: the fault matrix, the hunt for the key, hostile answers, crowds."""
