"""The binary log as a source of doorbells."""
