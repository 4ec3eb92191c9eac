"""Every request of the dialects, through the lane and through the ordinary way.

As in test_reference_parity.py. The forms of dialects are made behind the lane, so these are for the
slow run.
"""

from __future__ import annotations

import pytest

from tests.service import test_dialects as dialects

pytestmark = pytest.mark.slow

test_lists_of_dialects = dialects.test_a_list_has_the_records_that_its_request_means
test_changes_of_dialects = dialects.test_a_change_does_as_its_client_expects
test_forms_of_dialects = dialects.test_a_reply_has_the_form_that_its_mark_shows
