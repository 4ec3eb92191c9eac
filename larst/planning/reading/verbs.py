"""Names that are verbs: actions, and no resources. Pure.

A word that is a noun as well (`order`, `review`) is not among them: records of that name are usual.
"""

from __future__ import annotations

import re

VERBS = frozenset(
    "login logout signin signout signup log-in log-out sign-in sign-out sign-up logon logoff"
    " register auth oauth oauth2 sso authenticate authorize token refresh refresh-token introspect"
    " revoke verify verify-email graphql batch bulk rpc upload subscribe unsubscribe checkout"
    " forgot-password forgotpassword reset-password resetpassword change-password changepassword"
    " create update delete remove execute invoke exists search find query".split()
)
"""Names that are actions: never a resource, unless one of that name exists."""

ACTIONS = VERBS | frozenset(
    "accept activate approve archive assign ban block cancel capture clone close complete confirm"
    " copy deactivate decline disable downvote duplicate enable export finish follow import invite"
    " join leave like lock mark merge move mute pause pay pin publish refund reject reopen reorder"
    " reset restart restore resume retry run send share start stop submit suspend sync toggle"
    " transfer trigger unarchive unassign unban unblock unfollow unlike unlock unpin unpublish"
    " upgrade upvote validate void vote".split()
)
"""Words below a record that are actions: never the name of a new field."""

_NOUNS = frozenset(
    "auth batch block bulk checkout graphql leave log-in log-out login logoff logon logout merge"
    " oauth oauth2 pay pin resume rpc share sign-in sign-out sign-up signin signout signup sso"
    " start stop token".split()
)
"""Words of `ACTIONS` that begin names of resources: `merge-requests`, `login-attempts`."""

_PHRASE_VERBS = (ACTIONS - _NOUNS) | frozenset(
    "accrue acknowledge add adjust allocate allow analyse analyze append apply attach award"
    " calculate categorize claim clear collect combine compute configure connect consume convert"
    " deallocate decrease decrement deduct deliver deny deploy dequeue detach detect disconnect"
    " discard dismiss dispatch distribute earn edit eject enqueue enrich enrol enroll escalate"
    " evaluate evict expand expire extend extract fetch finalize fulfil fulfill generate get give"
    " grant hide identify ignore increase increment ingest initialize insert install lookup"
    " migrate modify normalize notify optimize populate predict prepare provision purge receive"
    " recommend reconcile redeem reduce regenerate remind rename render renew replace resolve"
    " retrieve revert rotate save set simulate snooze subtract summarise summarize swap"
    " synchronize terminate translate truncate undo unset untag update upsert withdraw".split()
)
"""Words that begin the name of an action: `earn-points`, `addToCart`."""

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_AGAIN = re.compile(r"(?:re|un)(?!search)(?=[a-z]{3})")
_PARTICLE = re.compile(r"[_-]?(?:on|in|up|off|out)s", re.IGNORECASE)
_VERB_NAME = re.compile(
    r"(?:create|update|delete|remove|get|list|add|set|fetch|find|send|process|run|do|make|save"
    r"|edit|batch|bulk)[A-Z]\w*|(?:create|update|delete|remove|get|fetch|send|do)[_-][A-Za-z]\w*"
)
_CALL = re.compile(r"[a-z]+(?:[A-Z][a-z0-9]*)+")


def is_verb(name: str) -> bool:
    """Return whether a name is an action and no resource."""
    return name.lower() in VERBS or _VERB_NAME.fullmatch(name) is not None


def is_call(name: str) -> bool:
    """Return whether a word in the place of an id is a call: `batchGet`, `createPost`."""
    return _CALL.fullmatch(name) is not None and _VERB_NAME.fullmatch(name) is not None


def is_action(name: str) -> bool:
    """Return whether a word below a record is an action and no field."""
    return name.lower() in ACTIONS or is_verb(name)


def is_verb_phrase(name: str) -> bool:
    """Return whether a name is a verb, or begins with one and says what it is done to.

    >>> [is_verb_phrase(name) for name in ("earn-points", "markAsRead", "recalculate", "cancel")]
    [True, True, True, True]
    >>> [is_verb_phrase(name) for name in ("order-items", "log_entries", "refunds", "remedies")]
    [False, False, False, False]
    """
    match = _WORD.match(name)
    if match is None or _PARTICLE.fullmatch(name, match.end()):
        return False  # `add-ons` and `follow-ups` are nouns
    word = match[0].lower()
    return word in _PHRASE_VERBS or _AGAIN.sub("", word, 1) in _PHRASE_VERBS
