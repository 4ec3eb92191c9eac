"""The built-in planner: REST by convention, no key needed."""
