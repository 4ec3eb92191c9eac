"""Bodies that are not JSON: forms, multipart forms, tables and lines."""

from __future__ import annotations

import base64
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.domain import BodyKind, Json, Notation
from larst.errors import BadRequestError, BodyTooLargeError, InvalidJsonError
from larst.http.formats import read_csv, read_form, read_multipart, read_ndjson
from larst.http.parsing import parse_body

TYPE = "multipart/form-data; boundary=B"
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="[]"), min_size=1)


def part(name: str, content: bytes, more: str = "") -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"{more}'
    return f"--B\r\n{disposition}\r\n\r\n".encode() + content + b"\r\n"


class TestForms:
    @pytest.mark.parametrize(
        ("raw", "fields"),
        [
            (b"a=1&b=&c", {"a": "1", "b": "", "c": ""}),
            (b"a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
            (b"a[]=1", {"a": ["1"]}),
            (b"a[]=1&a[]=2", {"a": ["1", "2"]}),
            (b"a=1&a=2", {"a": ["1", "2"]}),
            (b"a[1]=y&a[0]=x", {"a": ["x", "y"]}),
            (b"a[999999]=y&a[10]=x", {"a": ["x", "y"]}),
            (b"a[0][p]=1&a[0][q]=2&a[1][p]=3", {"a": [{"p": "1", "q": "2"}, {"p": "3"}]}),
            (b"a[][p]=1&a[][q]=2&a[][p]=3", {"a": [{"p": "1", "q": "2"}, {"p": "3"}]}),
            (b"__proto__[x]=1&constructor=2", {"__proto__": {"x": "1"}, "constructor": "2"}),
            (b"a[b=1&[c]=2&d]=3", {"a[b": "1", "[c]": "2", "d]": "3"}),
            (b"caf%C3%A9=1+2%2B3", {"café": "1 2+3"}),
            (b"a=%zz&b=100%", {"a": "%zz", "b": "100%"}),
        ],
    )
    def test_names_with_brackets_are_nested(self, raw: bytes, fields: Json) -> None:
        body = read_form(raw)

        assert (body.kind, body.notation) == (BodyKind.OBJECT, Notation.FORM)
        assert body.json == fields

    @pytest.mark.parametrize(
        "raw",
        [
            b"a=1&a[b]=2",
            b"a[b]=1&a=2",
            b"a=%ff",
        ],
    )
    def test_a_form_that_makes_no_sense_is_refused(self, raw: bytes) -> None:
        with pytest.raises(BadRequestError):
            read_form(raw)

    @given(st.dictionaries(NAMES.filter(lambda name: name == name.strip()), st.text()))
    def test_texts_are_exact(self, fields: dict[str, str]) -> None:
        try:
            raw = urlencode(fields).encode()
        except UnicodeEncodeError:
            return
        assert read_form(raw).json == fields

    @pytest.mark.parametrize("shift", range(6))
    def test_a_long_text_is_exact_wherever_it_is_cut(self, shift: int) -> None:
        text = "x" * shift + "é%" * 40_000

        assert read_form(b"a=" + quote_plus(text).encode()).json == {"a": text}


class TestMultipart:
    def test_fields_are_texts_and_may_be_nested(self) -> None:
        parts = part("a[b]", b"1") + part("a[c][]", "é".encode()) + part("d", b"x\r\ny")

        body = read_multipart(parts + b"--B--\r\n", TYPE)

        assert (body.kind, body.notation) == (BodyKind.OBJECT, Notation.FORM)
        assert body.json == {"a": {"b": "1", "c": ["é"]}, "d": "x\r\ny"}

    @given(st.binary())
    def test_the_content_of_a_file_is_exact(self, content: bytes) -> None:
        if b"\r\n--B" in b"\r\n" + content:
            return
        file = read_multipart(part("f", content, '; filename="a"') + b"--B--", TYPE).json["f"]

        assert base64.b64decode(file["content"]) == content
        assert file["size"] == len(content)
        assert file["type"] == "application/octet-stream"

    @pytest.mark.parametrize(
        ("more", "name"),
        [
            ('; filename="a b.txt"', "a b.txt"),
            ("; filename=a.txt", "a.txt"),
            ('; filename="C:\\\\tmp\\\\a.txt"', "a.txt"),
            ('; filename="../../etc/passwd"', "passwd"),
            ('; filename="a\\"b"', 'a"b'),
            ('; filename="é.txt"', "é.txt"),
            ("; filename=\"x\"; filename*=UTF-8''%C3%A9.txt", "é.txt"),
            ('; filename=""', ""),
        ],
    )
    def test_a_file_has_only_the_last_part_of_its_path(self, more: str, name: str) -> None:
        file = read_multipart(part("f", b"x", more) + b"--B--", TYPE).json["f"]

        assert file["name"] == name

    def test_a_part_may_be_json(self) -> None:
        raw = part("f", b'{"a":[1]}', "\r\nContent-Type: application/json") + b"--B--"

        assert read_multipart(raw, TYPE).json == {"f": {"a": [1]}}

    def test_text_around_the_parts_is_ignored(self) -> None:
        raw = b"preamble\r\n" + part("a", b"1") + b"--B--\r\nepilogue --B\r\n"

        assert read_multipart(raw, 'multipart/form-data; boundary="B"').json == {"a": "1"}

    @pytest.mark.parametrize(
        ("raw", "content_type"),
        [
            (part("a", b"1") + b"--B--", "multipart/form-data"),
            (part("a", b"1"), TYPE),
            (b"", TYPE),
            (b"--B\r\nno headers\r\n--B--", TYPE),
            (b"--B\r\nContent-Disposition: attachment\r\n\r\n\r\n--B--", TYPE),
            (part("", b"1") + b"--B--", TYPE),
            (part("a", b"\xff") + b"--B--", TYPE),
            (b"--B\r\nX: " + b"y" * 10_000 + b"\r\n\r\n\r\n--B--", TYPE),
        ],
    )
    def test_a_malformed_form_is_refused(self, raw: bytes, content_type: str) -> None:
        with pytest.raises(BadRequestError):
            read_multipart(raw, content_type)

    @given(st.binary())
    def test_no_input_causes_another_error(self, raw: bytes) -> None:
        try:
            read_multipart(b"--B" + raw + b"\r\n--B--", TYPE)
        except (BadRequestError, InvalidJsonError, BodyTooLargeError):
            return


class TestTables:
    def test_the_first_row_names_the_fields(self) -> None:
        body = read_csv(b'a,b\r\n1,"x\r\ny"\r\n\r\n2,\r\n')

        assert (body.kind, body.notation) == (BodyKind.LIST, Notation.CSV)
        assert body.json == [{"a": "1", "b": "x\r\ny"}, {"a": "2", "b": ""}]
        assert body.lines == (2, 5)

    @pytest.mark.parametrize("delimiter", [";", "\t"])
    def test_other_delimiters_are_recognized(self, delimiter: str) -> None:
        raw = f"a{delimiter}b\n1,5{delimiter}2\n".encode()

        assert read_csv(raw).json == [{"a": "1,5", "b": "2"}]

    @pytest.mark.parametrize(
        ("raw", "line"),
        [
            (b"a,b\n1\n", 2),
            (b"a,b\n1,2\n\n1,2,3\n", 4),
            (b'a\n"x\n\ny"\n"z', 5),
            (b'a\n"x"y\n', 2),
            (b"a,a\n", 1),
            (b"a,\n", 1),
        ],
    )
    def test_an_error_names_the_line(self, raw: bytes, line: int) -> None:
        with pytest.raises(BadRequestError, match=f"line {line} "):
            read_csv(raw)

    def test_lines_are_json(self) -> None:
        body = read_ndjson(b'{"a":1}\r\n\n[2]\n3')

        assert (body.kind, body.notation) == (BodyKind.LIST, Notation.NDJSON)
        assert (body.json, body.lines) == ([{"a": 1}, [2], 3], (1, 3, 4))

    @pytest.mark.parametrize("raw", [b'{"a":1}\n{"a":\n', b"1\n1e999\n"])
    def test_a_line_that_is_not_json_is_named(self, raw: bytes) -> None:
        with pytest.raises(InvalidJsonError, match="line 2: "):
            read_ndjson(raw)


@pytest.mark.parametrize(
    ("content_type", "raw", "notation"),
    [
        ("text/csv; charset=latin-1", "a\né".encode("latin-1"), Notation.CSV),
        ("application/x-ndjson", b'{"a":"\xc3\xa9"}', Notation.NDJSON),
        ("application/jsonl", b'{"a":"\xc3\xa9"}', Notation.NDJSON),
    ],
)
def test_the_media_type_selects_the_reader(
    content_type: str, raw: bytes, notation: Notation
) -> None:
    body = parse_body(content_type, raw)

    assert (body.notation, body.json) == (notation, [{"a": "é"}])
