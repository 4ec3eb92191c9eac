"""Every request of the HTTP reference, through the lane and through the ordinary way.

The tests are those of the reference. Here, each of their requests goes to two servers, and again
when their plans are known; the replies are the same to the byte.
"""

from __future__ import annotations

from tests.service import test_bodies as bodies
from tests.service import test_http_reference as reference
from tests.service import test_http_replies as replies
from tests.service import test_http_semantics as semantics
from tests.service import test_relations as relations
from tests.service import test_singletons as singletons

TestCreate = reference.TestCreate
TestRead = reference.TestRead
TestSearch = reference.TestSearch
TestChange = reference.TestChange
TestNesting = reference.TestNesting

TestMergePatch = semantics.TestMergePatch
TestIfNoneMatch = semantics.TestIfNoneMatch
TestPrefer = semantics.TestPrefer
TestMediaTypes = semantics.TestMediaTypes

TestMethods = replies.TestMethods
TestExactness = replies.TestExactness
TestReplyHeaders = replies.TestReplyHeaders

TestForms = bodies.TestForms
TestFiles = bodies.TestFiles
TestTables = bodies.TestTables

shop = relations.shop
TestChildren = relations.TestChildren
TestEmbeddedList = relations.TestEmbeddedList
TestManyToMany = relations.TestManyToMany
TestPaths = relations.TestPaths
TestSingleton = singletons.TestSingleton
TestBelowARecord = singletons.TestBelowARecord
