"""
The facts of customers, read from the store's tables.

One loader for one customer and for a range of a hundred thousand: `load` in
`sidecar.sync.facts.load`. Each other module fills the facts of one part of the store.
"""
