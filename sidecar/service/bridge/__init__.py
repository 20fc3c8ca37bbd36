"""The bridge, our extension in the store's own admin: packed, installed, taken away again."""
