"""The planners' prompt templates. Nothing here may import LARST."""
