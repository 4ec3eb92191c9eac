"""Fake data: records that fit learned or given schemas, and that link to each other.

Pure but for the transaction that it is given. Must never import Faker before data is asked for: it
comes with the extra `fake`, and takes most of a second to import.
"""

from larst.fake.making import Made, make_records
from larst.fake.order import MAX_RECORDS, MAX_RESOURCES, FakeOrder, parse_order

__all__ = ["MAX_RECORDS", "MAX_RESOURCES", "FakeOrder", "Made", "make_records", "parse_order"]
