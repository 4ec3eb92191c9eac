"""Set-up of tracing, metrics and logs. Nothing here may import LARST."""
