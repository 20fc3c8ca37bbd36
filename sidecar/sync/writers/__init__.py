"""Writing to the store's own tables, by compare-and-set; the only place that does."""
