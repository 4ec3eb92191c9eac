"""The plan book: plans by shape, kept as readable files."""
