"""What a program of a model may change: each rule, and the faults that models made."""

from __future__ import annotations

import pytest

from larst.session.effects import effects_of, refusal_of
from larst.session.request_names import names_of
from larst.store import Transaction
from larst.store.collection import Collection
from tests.fakes import request
from tests.planning.sessions import session_of, shaped_of
from tests.session.verdicts import ALL_ORDERS, ORDERS, Step, verdict


def nothing_stored(_name: str, _key: str) -> None:
    return None


class TestReferences:
    """What the record of the path refers to, such as the products of a cart."""

    def test_it_may_be_changed(self) -> None:
        assert verdict("POST", "/items/10/ship", ("orders", "update", [1])) is None

    def test_it_may_not_be_deleted(self) -> None:
        assert verdict("POST", "/items/10/ship", ("orders", "delete", [1]))

    def test_others_may_not_be_changed(self) -> None:
        assert verdict("POST", "/items/10/ship", ("orders", "update", [1, 2]))

    def test_other_resources_may_not_be_changed(self) -> None:
        """The order has a customer with the id 7, and no user has that id in this field."""
        assert verdict("POST", "/orders/1/close", ("users", "update", [7]))


class TestLearnedFaults:
    """Each of these answered 200, and was learned."""

    def test_a_report_that_deletes_all(self) -> None:
        assert verdict("GET", "/orders/report", ("orders", "delete", ALL_ORDERS))

    def test_closing_one_record_closes_all(self) -> None:
        assert verdict("POST", "/orders/1/close", ("orders", "update", ALL_ORDERS))

    def test_a_post_on_one_path_writes_another_resource(self) -> None:
        for step in (("users", "insert", {"role": "admin"}), ("users", "update", [7])):
            assert verdict("POST", "/notes", step, resource="users")
            assert verdict("POST", "/orders", step, resource="users")

    def test_a_read_that_inserts(self) -> None:
        assert verdict("GET", "/orders/recent", ("visits", "insert", {"n": 1}))


class TestReading:
    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
    @pytest.mark.parametrize(
        "step", [("orders", "update", [1]), ("orders", "delete", [1]), ("log", "insert", {})]
    )
    def test_a_read_changes_nothing(self, method: str, step: Step) -> None:
        assert verdict(method, "/orders/1/summary", step)

    def test_a_read_that_uses_up_an_id_is_a_change(self) -> None:
        """The client would never see why the next record has another id."""
        stored = {"orders": Collection()}
        transaction = Transaction(stored)
        record = transaction.resource("orders").insert({})
        transaction.resource("orders").delete(record["id"])
        effects = effects_of(transaction, nothing_stored)

        shaped = shaped_of(request("GET", "/orders/next"), session_of({}))
        assert refusal_of(
            effects, names_of(shaped, "orders", nothing_stored), is_shown=lambda _: True
        )

    def test_a_read_may_read(self) -> None:
        assert verdict("GET", "/orders/report") is None


class TestOneRecord:
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_the_record_in_the_path_may_change(self, method: str) -> None:
        for action in ("update", "delete"):
            assert verdict(method, "/orders/1/close", ("orders", action, [1])) is None
            assert verdict(method, "/orders/1", ("orders", action, [1])) is None

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize("path", ["/orders/1", "/orders/1/close", "/orders/1/close/now"])
    def test_no_other_record_may(self, method: str, path: str) -> None:
        for action in ("update", "delete"):
            assert verdict(method, path, ("orders", action, [1, 2]))
            assert verdict(method, path, ("orders", action, [2]))

    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    def test_other_resources_keep_their_records(self, method: str) -> None:
        """Also those that belong to the record: a user can pin such a plan."""
        assert verdict(
            method, "/orders/1/cancel", ("orders", "update", [1]), ("users", "update", [7])
        )
        assert verdict(method, "/orders/1", ("orders", "delete", [1]), ("items", "delete", [10]))

    def test_several_ids_in_the_path_are_all_meant(self) -> None:
        assert verdict("DELETE", "/orders/1,2", ("orders", "delete", [1, 2])) is None
        assert verdict("DELETE", "/orders/1,2", ("orders", "delete", [3]))

    def test_a_word_in_the_place_of_an_id_does_not_name_all(self) -> None:
        """`/orders/ab12c/close` of an order that does not exist must not close all."""
        assert verdict("POST", "/orders/abc/close", ("orders", "update", ALL_ORDERS))

    def test_a_change_to_the_same_content_is_not_a_change(self) -> None:
        stored = {"orders": Collection({"2": {"id": 2, "state": "closed"}})}
        transaction = Transaction(stored)
        transaction.resource("orders").update(2, {"state": "closed"})
        effects = effects_of(transaction, lambda name, key: stored[name].records.get(key))

        shaped = shaped_of(request("POST", "/orders/1/close"), session_of({"orders": ORDERS}))
        assert (
            refusal_of(
                effects,
                names_of(shaped, "orders", nothing_stored),
                is_shown=lambda _: True,
            )
            is None
        )


class TestBody:
    @pytest.mark.parametrize(
        "body",
        [
            b'{"order_ids":[2,3]}',
            b'{"ids":[2,3]}',
            b"[2,3]",
            b'[{"id":2},{"id":3}]',
            b'{"from":2,"to":3}',
            b'{"source_id":"2","targetId":"3"}',
            b'{"orders":[{"id":2},{"id":3}]}',
        ],
    )
    def test_records_that_the_body_names_may_change(self, body: bytes) -> None:
        for path in ("/orders/merge", "/orders", "/orders/1/merge"):
            assert verdict("POST", path, ("orders", "update", [2, 3]), body=body) is None, path

    @pytest.mark.parametrize(
        "body", [b'{"quantity":2}', b'{"customer_id":2}', b'{"note":"2"}', b"{}"]
    )
    def test_a_number_that_happens_to_be_an_id_names_no_record(self, body: bytes) -> None:
        assert verdict("POST", "/orders/1/close", ("orders", "update", [2]), body=body)

    def test_a_link_names_a_record_of_another_resource(self) -> None:
        assert (
            verdict("POST", "/orders/1/assign", ("users", "update", [7]), body=b'{"user_id":7}')
            is None
        )
        assert verdict("POST", "/orders/1/assign", ("users", "update", [8]), body=b'{"user_id":7}')

    def test_a_link_to_a_record_does_not_delete_it(self) -> None:
        """`POST /orders` with a `user_id` would delete the user."""
        for path in ("/orders", "/orders/1/assign", "/orders/assign"):
            step = ("users", "delete", [7])
            assert verdict("POST", path, step, body=b'{"user_id":7}'), path
        assert (
            verdict("DELETE", "/orders/1", ("users", "delete", [7]), body=b'{"user_id":7}') is None
        )

    def test_a_name_that_no_resource_can_have_costs_nothing(self) -> None:
        """Names are looked at by a pattern, and its results are kept."""
        body = b'{"' + b"order" * 100 + b'_id":2}'
        assert verdict("POST", "/orders/1/close", ("orders", "update", [2]), body=body)
        assert verdict("POST", "/" + "orders" * 100, ("orders", "update", [2]))

    def test_a_deep_body_is_looked_at_within_limits(self) -> None:
        body = b'{"a":' * 100 + b'{"id":2}' + b"}" * 100

        assert verdict("POST", "/orders/merge-one", ("orders", "update", [2]), body=body) is None


class TestCollections:
    def test_an_action_on_a_collection_may_change_all_of_it(self) -> None:
        assert verdict("POST", "/orders/archive", ("orders", "update", ALL_ORDERS)) is None
        assert (
            verdict(
                "PATCH", "/orders?state=open", ("orders", "update", ALL_ORDERS), body=b'{"a":1}'
            )
            is None
        )
        assert verdict("DELETE", "/orders?state=open", ("orders", "delete", ALL_ORDERS)) is None

    @pytest.mark.parametrize(
        "word",
        "search _search query count export Report searches aggregate findByState searchOrders"
        " do-search count_open validate FIND".split(),
    )
    def test_a_search_by_post_changes_no_record(self, word: str) -> None:
        for step in (("orders", "delete", ALL_ORDERS), ("orders", "update", [1])):
            assert verdict("POST", f"/orders/{word}", step, body=b'{"q":"x"}')
        assert verdict("POST", f"/customers/7/orders/{word}", ("orders", "delete", [1]))

    def test_a_post_to_a_collection_only_adds(self) -> None:
        added = ("orders", "insert", {"state": "new"})
        assert verdict("POST", "/orders", added, body=b'{"state":"new"}') is None
        assert verdict("POST", "/orders", added, ("orders", "delete", [1]), body=b'{"state":"new"}')

    def test_delete_of_a_collection_needs_a_criterion(self) -> None:
        assert verdict("DELETE", "/orders", ("orders", "delete", ALL_ORDERS))

    def test_a_nested_collection_is_that_of_its_parent(self) -> None:
        assert (
            verdict("DELETE", "/orders/1/items", ("items", "delete", [10]), resource="items")
            is None
        )
        assert verdict("DELETE", "/orders/1/items", ("items", "delete", [11]), resource="items")
        assert verdict("POST", "/orders/1/items/clear", ("items", "delete", [11]), resource="items")
        assert verdict("POST", "/orders/1/items", ("items", "insert", {"order_id": 1})) is None

    def test_the_field_for_the_parent_decides(self) -> None:
        """An order of customer 8 with the id 7 in another field does not belong to customer 7."""
        for method, path in (("PATCH", "/customers/7/orders"), ("DELETE", "/customers/7/orders")):
            action = "update" if method == "PATCH" else "delete"
            assert verdict(method, path, ("orders", action, [1, 3]), body=b"{}") is None
            assert verdict(method, path, ("orders", action, [4]), body=b"{}")
        assert verdict("PATCH", "/owners/7/orders", ("orders", "update", [4])) is None


class TestSideRecords:
    def test_a_line_of_an_audit_holds_the_id_of_the_record(self) -> None:
        close = ("orders", "update", [1])
        for line in ({"order_id": 1}, {"orderId": "1"}, {"order": 1}, {"entity_id": 1}):
            assert verdict("POST", "/orders/1/cancel", close, ("audit", "insert", line)) is None

    def test_any_other_record_elsewhere_is_refused(self) -> None:
        close = ("orders", "update", [1])
        for line in ({"role": "admin"}, {"order_id": 2}, {"level": 1}, {"id": 1}):
            assert verdict("POST", "/orders/1/cancel", close, ("audit", "insert", line))

    def test_it_may_hold_the_id_of_a_new_record(self) -> None:
        order, payment = ("orders", "insert", {"state": "new"}), {"order_id": 100}
        assert verdict("POST", "/orders", order, ("payments", "insert", payment)) is None

    def test_an_action_writes_the_resource_of_its_plan(self) -> None:
        """`/checkout` names no resource, so the plan says which one is meant."""
        added = ("orders", "insert", {"cart": 3})
        assert verdict("POST", "/checkout", added, body=b'{"cart_id":3}') is None
        assert verdict("POST", "/checkout", ("orders", "delete", ALL_ORDERS), body=b'{"cart_id":3}')
        assert verdict("POST", "/checkout", ("users", "insert", {}), body=b'{"cart_id":3}')


def test_a_reason_names_no_resource_that_the_planner_has_not_seen() -> None:
    """A program could make the name of a resource from a stored value."""
    effects = effects_of(_transaction_in("secret-4711"), nothing_stored)
    shaped = shaped_of(request("POST", "/orders/1/close"), session_of({"orders": ORDERS}))

    reason = refusal_of(
        effects, names_of(shaped, "orders", nothing_stored), is_shown=lambda _name: False
    )

    assert reason is not None
    assert "4711" not in reason


def _transaction_in(resource: str) -> Transaction:
    transaction = Transaction({})
    transaction.resource(resource).insert({"value": "4711"})
    return transaction
