"""What a request asks for, whatever spelling it uses: one reading before everything else.

`read_query` turns a query string, with the headers and body of some dialects, into `Asked`:
criteria, paging, order, fields, relations. Pure: what a reading needs to know of a session comes in
as `Knowledge`. Must never widen what a DELETE or PATCH takes in, and never drop what it does not
understand: that is an error which names the nearest word.
"""
