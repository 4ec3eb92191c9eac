"""Which names are actions, and no resources."""

from __future__ import annotations

import pytest

from larst.planning.reading.verbs import is_action, is_call, is_verb, is_verb_phrase


@pytest.mark.parametrize(
    "name", ["login", "graphql", "createPost", "create-post", "send_email", "batchGet", "Logout"]
)
def test_verbs_are_recognized(name: str) -> None:
    assert is_verb(name)


@pytest.mark.parametrize(
    "name",
    ["posts", "add-ons", "list-items", "settings", "set", "runs", "webhooks", "address", "updates"],
)
def test_nouns_are_not_taken_for_verbs(name: str) -> None:
    assert not is_verb(name)
    assert not is_call(name)


def test_more_words_are_actions_below_a_record() -> None:
    assert is_action("cancel")
    assert not is_verb("cancel")
    assert not is_action("profile")


@pytest.mark.parametrize(
    "name",
    [
        "earn-points",
        "earn_points",
        "earnPoints",
        "EarnPoints",
        "add-to-cart",
        "mark_as_read",
        "markAsRead",
        "recalculate",
        "recalculate-totals",
        "unmark",
        "cancelAll",
        "publish",
        "send-reminders",
    ],
)
def test_a_name_that_begins_with_a_verb_is_a_phrase(name: str) -> None:
    assert is_verb_phrase(name)


@pytest.mark.parametrize(
    "name",
    [
        "line-items",
        "order_items",
        "orderLines",
        "blog-posts",
        "login-attempts",
        "batch-jobs",
        "checkoutSessions",
        "review-comments",
        "address-books",
        "refunds",
        "transfers",
        "votes",
        "addresses",
        "additions",
        "returns",
        "merge-requests",
        "add-ons",
        "followUps",
        "research-papers",
        "resources",
        "units",
        "universities",
        "3d-models",
        "_private",
        "-",
    ],
)
def test_a_name_of_records_is_not_a_phrase(name: str) -> None:
    assert not is_verb_phrase(name)
