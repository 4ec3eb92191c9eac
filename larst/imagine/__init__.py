"""Backends from a description: a language model proposes resources, relations and records.

Must never store anything: a proposal is shown first, and kept as an import after a yes.
"""

from larst.imagine.answers import ANSWER_SCHEMA, BadProposalError, parse_proposal
from larst.imagine.asking import Imagined, imagine
from larst.imagine.proposal import Field, Proposal, Resource, export_of

__all__ = [
    "ANSWER_SCHEMA",
    "BadProposalError",
    "Field",
    "Imagined",
    "Proposal",
    "Resource",
    "export_of",
    "imagine",
    "parse_proposal",
]
