"""Packs: one file with the data, schemas, settings and plans of a session.

Pure. Must never unpack to the disk, and never return a plan whose program the policy refuses.
"""

from larst.packs.pack import PACK_SUFFIX, Pack, packed_plans, write_pack
from larst.packs.reading import is_pack, read_pack

__all__ = ["PACK_SUFFIX", "Pack", "is_pack", "packed_plans", "read_pack", "write_pack"]
