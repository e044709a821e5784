"""What an answer says is in its body, whatever its status; no shape of it may pass for no rows."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_pardot.api.dialect import PardotError, Rows
from tap_pardot.api.http import Response
from tap_pardot.api.json_body import MOST_LEVELS, is_an_answer
from tap_pardot.api.v4 import address
from tap_pardot.api.v4_answers import listed, parse_response, record_of, rows_of
from tap_pardot.errors import Retriable, StreamFailed


def opened(body: object, status: int = 200) -> dict:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse_response(Response(status, {}, content))


def ok(result: object) -> dict:
    return {"@attributes": {"stat": "ok", "version": 1}, "result": result}


def fail(code: object) -> dict:
    return {"@attributes": {"stat": "fail", "version": 1, "err_code": code}, "err": "Something"}


# --- addresses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("api_url", "version", "path", "url"),
    [
        (
            "https://pi.pardot.com",
            4,
            ("customRedirect", "query"),
            "https://pi.pardot.com/api/customRedirect/version/4/do/query",
        ),
        (
            "https://pi.demo.pardot.com/",
            3,
            ("user", "read", "id", "7"),
            "https://pi.demo.pardot.com/api/user/version/3/do/read/id/7",
        ),
    ],
)
def test_an_address_follows_the_grammar(api_url, version, path, url):
    assert address(api_url, version, path) == url


# --- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (fail(66), 66),
        (fail("66"), 66),
        (fail(66.0), 66),
        (fail(1), 1),
        # The form of the v5 gateway.
        ({"code": 184, "message": "access_token is invalid"}, 184),
        ({"code": "184", "message": "access_token is invalid"}, 184),
        # The template of the documents, with code and text in the wrong places.
        ({"@attributes": {"stat": "fail", "version": 122, "err_code": "Daily limit"}}, 122),
        ({"@attributes": {"stat": "fail", "version": "122", "err_code": "Daily limit"}}, 122),
        (
            b'<?xml version="1.0"?>\n<rsp stat="fail" version="1.0"><err code="184">x</err></rsp>',
            184,
        ),
    ],
)
def test_a_code_is_found_in_every_form_under_every_status(body, code, status):
    with pytest.raises(PardotError) as refusal:
        opened(body, status)

    assert refusal.value.code == code
    assert str(refusal.value) == str(code)  # none of the answer's text


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"", 401, PardotError),
        (b"<html>Unauthorized</html>", 401, PardotError),
        (b"<html>502 Bad Gateway</html>", 502, Retriable),
        (b"", 503, Retriable),
        ({"result": None}, 500, Retriable),
        (b"slow down", 429, Retriable),
        (b"", 408, Retriable),
        (b"<html>Not Found</html>", 404, StreamFailed),
        ({"error": "no"}, 400, StreamFailed),
        (b"", 200, Retriable),
        (b"", 204, Retriable),
        (b"<html>Sign in</html>", 200, Retriable),
        (b'<rsp stat="ok" version="1.0"><result/></rsp>', 200, Retriable),
        (b'{"result": {"list": [{"id": 1}, {"id"', 200, Retriable),
        (b"null", 200, Retriable),
        (b"[]", 200, Retriable),
        (b'"text"', 200, Retriable),
        (b"[" * 100_000, 200, Retriable),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, 200, Retriable),
        (b'{"a": ' + b"9" * 5000 + b"}", 200, Retriable),
        ({"@attributes": {"stat": "fail", "version": 1}, "err": "x"}, 200, Retriable),
        ({"@attributes": {"stat": "fail", "version": "1"}}, 200, Retriable),
        ({"@attributes": {"stat": "fail", "version": "²"}}, 200, Retriable),
        ({"@attributes": {"stat": "fail", "version": 1, "err_code": "²"}}, 200, Retriable),
        ({"@attributes": {"stat": "fail", "version": None, "err_code": []}}, 200, Retriable),
        ({"@attributes": {"stat": "fail", "version": 1, "err_code": True}}, 200, Retriable),
        ({"@attributes": {"stat": "fail", "err_code": "9" * 5000}}, 200, Retriable),
    ],
)
def test_what_is_no_data_is_never_taken_for_an_empty_answer(body, status, error):
    with pytest.raises(error) as caught:
        opened(body, status)

    if error is PardotError:
        assert caught.value.code == 184


@pytest.mark.parametrize(
    "body",
    [
        ok(None),
        {"result": {}},
        {"@attributes": [], "result": {}},
        {"@attributes": None, "result": {}},
        {"@attributes": {"stat": "ok", "version": 1}, "code": 7, "campaign": {}},
    ],
)
def test_an_answer_without_a_code_is_data(body):
    assert opened(body) == body


def test_a_message_without_a_code_is_data():
    assert opened({"message": "m", "code": None}) == {"message": "m", "code": None}


# --- texts and numbers on the wire -----------------------------------------------------------


def test_a_number_keeps_its_digits():
    body = opened(b'{"a": 1.50, "b": 15555555555, "c": 1e2}')

    assert body == {"a": 1.5, "b": 15555555555, "c": 100.0}
    assert (body["a"].text, body["c"].text) == ("1.50", "1e2")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": "\\ud83d", "b": 1.50}', {"a": "\ufffd", "b": 1.5}),
        (b'{"a": ["x\\ude00y"], "\\ud800": 1}', {"a": ["x\ufffdy"], "\ufffd": 1}),
        (b'{"a": "caf\xe9", "b": {"c": 1}}', {"a": "caf\ufffd", "b": {"c": 1}}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\N{GRINNING FACE}"}),
    ],
)
def test_half_a_character_does_not_cost_the_page(body, expected):
    answer = opened(body)

    assert answer == expected
    json.dumps(answer, default=str, ensure_ascii=False).encode()  # no lone surrogates are left


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rb'{"a": "x\u0000y"}', {"a": "xy"}),
        (b'{"a": "x\x00y\tz"}', {"a": "xy\tz"}),
        (rb'{"a": [{"b": "\ud83d\u0000"}]}', {"a": [{"b": "\ufffd"}]}),
        (rb'{"a\u0000b": 1, "ab": 2}', {"a\ufffdb": 1, "ab": 2}),
        (b'{"a": "\xf0\x9f\x98 \xe9\x00"}', {"a": "\ufffd \ufffd"}),
        (rb'{"a": "\udcc3\udca9"}', None),
        (rb'{"a": "\\u0000"}', {"a": "\\u0000"}),
        (b'{"a": NaN, "b": 1.5, "c": "\xff"}', {"a": "NaN", "b": 1.5, "c": "\ufffd"}),
    ],
)
def test_what_a_warehouse_refuses_is_repaired_and_marked(text, expected):
    answer = opened(text)

    if expected is not None:
        assert answer == expected
    line = json.dumps(answer, ensure_ascii=False).encode()
    assert b"\0" not in line
    assert b"\\u0000" not in line.replace(b"\\\\", b"")


ENCODINGS = [
    "utf-8",
    "utf-8-sig",
    *(f"utf-{n}{end}" for n in (16, 32) for end in ("", "-le", "-be")),
]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_of_json_is_read(encoding):
    text = '{"a": "M\u00fcnchen \U0001f600", "b": 1.50, "c": "\u20ac"}'
    answer = opened(text.encode(encoding))
    assert answer == json.loads(text)
    assert answer["b"].text == "1.50"
    assert {type(answer[name]) for name in "ac"} == {str}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
def test_a_cut_answer_is_none_in_every_encoding(encoding):
    whole = '{"a": "M\u00fcnchen"}'.encode(encoding)
    for size in range(len(whole)):
        with pytest.raises(Retriable):
            opened(whole[:size])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", ["{", " \r\n[1", "<html>", "\t<?xml"])
def test_what_is_no_csv_is_known_in_every_encoding(text, encoding):
    assert is_an_answer(text.encode(encoding))


@pytest.mark.parametrize(
    "content", [b"", b"id,x\n", b"\xef\xbb\xbfid\n", b'"id"\n', b"\0", b"\xff\xfe"]
)
def test_what_may_be_csv_is_no_answer(content):
    assert not is_an_answer(content)


# --- depth -----------------------------------------------------------------------------------


def nested(levels, opening, inner=b"1"):
    closing = b"]" if opening == b"[" else b"}"
    return b'{"a":' + opening * (levels - 1) + inner + closing * (levels - 1) + b"}"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("odd", [b"1", rb'"\u0000"', b'"\xff"'])
def test_depth_is_counted(opening, odd):
    assert opened(nested(MOST_LEVELS, opening, odd))
    for levels in (MOST_LEVELS + 1, 200, 900, 3000, 200_000):
        with pytest.raises(Retriable, match="not the JSON"):
            opened(nested(levels, opening, odd))


@pytest.mark.parametrize("text", ["[" * 1000, '\\"{' * 1000, "[{" * 1000 + "}]" * 1000])
def test_brackets_inside_texts_are_no_depth(text):
    assert opened(f'{{"a": "{text}"}}'.encode())


def test_many_rows_are_no_depth():
    assert opened({"a": [[{"b": [{}]}] * 1000] * 10, "c": [], "d": {}})


# --- rows ----------------------------------------------------------------------------------

ONE, TWO = {"id": 1}, {"id": 2}


@pytest.mark.parametrize(
    ("result", "rows", "total"),
    [
        ({"total_results": 2, "list": [ONE, TWO]}, [ONE, TWO], 2),
        ({"total_results": 1, "list": ONE}, [ONE], 1),
        ({"total_results": 0}, [], 0),
        ({"total_results": "2", "list": [ONE, TWO]}, [ONE, TWO], 2),
        ({"total_results": 2.0, "list": [ONE, TWO]}, [ONE, TWO], 2),
        ({"total_results": "many", "list": [ONE]}, [ONE], None),
        ({"total_results": "²", "list": [ONE]}, [ONE], None),
        ({"total_results": "9" * 5000, "list": [ONE]}, [ONE], None),
        ({"total_results": True, "list": [ONE]}, [ONE], None),
        ({"total_results": None, "list": [ONE]}, [ONE], None),
        ({"list": [ONE]}, [ONE], None),
        ({"list": []}, [], None),
        ({"list": None}, [], None),
        ({"list": ""}, [], None),
        (None, [], None),
        ([], [], None),
        ({}, [], None),
    ],
)
def test_one_row_many_rows_and_none_become_one_shape(result, rows, total):
    assert rows_of(opened(ok(result)), "list") == Rows(rows, total)


@pytest.mark.parametrize("name", ["customRedirect", "custom_redirect"])
@pytest.mark.parametrize("key", ["customRedirect", "custom_redirect"])
def test_the_rows_are_found_under_both_spellings(key, name):
    assert rows_of(ok({name: [ONE]}), key) == Rows([ONE], None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"@attributes": {"stat": "ok"}, "campaign": ONE},
        ok("text"),
        ok([ONE]),
        ok(7),
        ok({"list": "text"}),
        ok({"list": [ONE, None]}),
        ok({"list": [[ONE]]}),
        ok({"list": 7}),
        ok({"list": False}),
    ],
)
def test_rows_of_an_unknown_shape_are_asked_for_again(body):
    with pytest.raises(Retriable):
        rows_of(body, "list")


def test_a_record_is_an_object_or_asked_for_again():
    assert record_of({"account": ONE}, "account") == ONE
    for body in ({}, {"account": None}, {"account": []}, {"account": [ONE]}):
        with pytest.raises(Retriable):
            record_of(body, "account")


@pytest.mark.parametrize("nothing", [None, "", []])
def test_nothing_is_a_record_only_where_there_may_be_none(nothing):
    assert record_of({"email": nothing}, "email", may_be_empty=True) == {}
    for body, may_be_empty in (({"email": nothing}, False), ({"stat": "ok"}, True)):
        with pytest.raises(Retriable):
            record_of(body, "email", may_be_empty=may_be_empty)


@pytest.mark.parametrize("record", ["text", 7, False, [ONE], [ONE, TWO]])
def test_a_record_that_may_be_empty_is_not_of_any_shape(record):
    with pytest.raises(Retriable):
        record_of({"email": record}, "email", may_be_empty=True)


@pytest.mark.parametrize("name", ["emailTemplate", "email_template"])
@pytest.mark.parametrize("key", ["emailTemplate", "email_template"])
def test_a_record_is_found_under_both_spellings(key, name):
    assert record_of({name: ONE}, key) == ONE


@pytest.mark.parametrize(
    ("found", "rows"),
    [
        ({"error": 0, "templates": [ONE, TWO], "count": 2}, [ONE, TWO]),
        ({"error": 0, "templates": [ONE], "count": 1}, [ONE]),
        ({"templates": ONE}, [ONE]),
        ({"templates": []}, []),
        ({"templates": None}, []),
        ({"templates": ""}, []),
        ({"error": 0, "count": 0}, []),
        ({}, []),
        ([ONE, TWO], [ONE, TWO]),
        ([], []),
        (None, []),
        ("", []),
    ],
)
def test_a_list_that_is_no_query_has_rows_of_the_same_shape(found, rows):
    body = {"@attributes": {"stat": "ok", "version": 1}, "emailTemplates": found}

    assert listed(opened(body), "emailTemplates", "templates") == rows


@pytest.mark.parametrize(
    "body",
    [
        {"@attributes": {"stat": "ok"}},
        {"templates": [ONE]},
        {"emailTemplates": "text"},
        {"emailTemplates": 7},
        {"emailTemplates": {"templates": "text"}},
        {"emailTemplates": {"templates": [ONE, None]}},
        {"emailTemplates": {"templates": [[ONE]]}},
    ],
)
def test_a_list_of_an_unknown_shape_is_asked_for_again(body):
    with pytest.raises(Retriable):
        listed(body, "emailTemplates", "templates")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-300, 300) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "@attributes",
                    "stat",
                    "err_code",
                    "version",
                    "result",
                    "list",
                    "total_results",
                    "code",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(JSON | st.binary(max_size=40), st.sampled_from([200, 201, 400, 401, 404, 429, 500, 502]))
def test_no_answer_raises_anything_the_client_does_not_know(body, status):
    try:
        rows, total, *_ = rows_of(opened(body, status), "list")
    except (PardotError, Retriable, StreamFailed):
        return
    assert all(isinstance(row, dict) for row in rows)
    assert total is None or isinstance(total, int)
