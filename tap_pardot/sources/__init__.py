"""How rows come: queries, exports, lookups."""
