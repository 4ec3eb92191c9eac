"""Planning: shapes, the plan book, the planner protocol, and the built-in rules."""
