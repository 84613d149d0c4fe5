"""Pages, tables and figures, drawn from symbol lengths and records alone."""
