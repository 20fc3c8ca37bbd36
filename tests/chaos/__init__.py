"""What happens when things go wrong: faults on purpose, and the same question after each."""
