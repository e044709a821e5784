"""The documentation names only what exists, and its links lead somewhere."""

from __future__ import annotations

import re

import pytest

from tap_pardot.streams import STREAMS, V5_STREAMS
from tests.helpers.docs import fences, problems, prose
from tests.helpers.docs_log import unknown_lines
from tests.helpers.links import broken_links
from tests.helpers.tables.markup import DOCS, ROOT

PAGES = sorted({*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md")})
LINKED = [*PAGES, *sorted({*(ROOT / "emulator").glob("*.md"), *ROOT.glob("benchmarks/*.md")})]
LONGEST = 120


def relative(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_a_page_names_settings_streams_columns_and_codes_that_exist(path):
    assert [*problems(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_lines_of_the_log_are_those_that_the_tap_writes(path):
    assert [*unknown_lines(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("line", "is_known"),
    [
        ("Logged in to Salesforce (refresh token flow).", True),
        ("The account's tools have made 1 of 5 API calls of the day.", False),
        ("lists: the tap has read everything there is.", False),
    ],
)
def test_a_line_that_the_tap_does_not_write_is_found(line, is_known):
    assert [*unknown_lines(f"```text\n{line}\n```\n")] == ([] if is_known else [line])


@pytest.mark.parametrize("path", LINKED, ids=relative)
def test_links_of_a_page_lead_to_files_and_titles(path):
    assert [*broken_links(path)] == []


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=relative)
def test_lines_of_prose_are_not_overlong(path):
    lines = prose(path.read_text(encoding="utf-8")).splitlines()

    overlong = [
        line
        for line in lines
        if len(line) > LONGEST and not line.lstrip().startswith(("|", "`")) and "](" not in line
    ]

    assert overlong == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("the setting `daily_call_limits`", "`daily_call_limits` is no setting"),
        ("set `api_versions: 5`", "`api_versions` is no setting"),
        ("the stream `visitor_activites`", "`visitor_activites` is no setting"),
        ("a table\n| `no_such_thing` |", "`no_such_thing` is no setting"),
        ("the column `prospects.mail`", "prospects has no column mail"),
        ("the columns `emails.massage_*`", "emails has no column massage_*"),
        ("the column `prospect.first_name`", "prospect is no stream"),
        ("export TAP_PARDOT_STARTDATE", "TAP_PARDOT_STARTDATE is the variable of no setting"),
        ("as `examples/nothing.py` does", "`examples/nothing.py` does not exist"),
        ("Pardot code 4711", "code 4711 is not in the table"),
        ("codes 46,\n49 or 50", "code 50 is not in the table"),
    ],
)
def test_a_sentence_that_names_what_does_not_exist_fails(text, problem):
    assert [each for each in problems(text) if problem in each], [*problems(text)]


@pytest.mark.parametrize(
    ("language", "text", "problem"),
    [
        ("yaml", "config: {start: 2024-01-01}", "start is no setting"),
        ("yaml", "config: {include: [prospects.nothing]}", "prospects.nothing selects nothing"),
        ("yaml", "config: {include: [prospect_idz]}", "prospect_idz.* selects nothing"),
        ("yaml", "config: {stream_maps: {prospectz: {}}}", "prospectz.* selects nothing"),
        ("yaml", "select: ['!emails.body_*']", "!emails.body_* selects nothing"),
        ("yaml", "metadata: {listz: {}}", "listz.* selects nothing"),
        ("yaml", "metadata: {lists: {replication-key: changed_at}}", "lists.changed_at selects"),
        (
            "yaml",
            "plugins: {extractors: [{name: tap-pardot--north, config: {timezones: UTC}}]}",
            "timezones is no setting",
        ),
        ("yaml", "a: [{inherit_from: tap-pardot, select: [listz.*]}]", "listz.* selects nothing"),
        ("yaml", "settings: [{name: nothing}]", "nothing is no setting"),
        ("yaml", "config: {", "cannot be read"),
        ("json", '{"pardot_business_unit_id": "0Uv…", "key": ""}', "key is no setting"),
        ("sql", "SELECT 1 FROM prospect JOIN lists", "prospect is the table of no stream"),
        ("sh", "meltano config set tap-pardot startdate 2024", "startdate is no setting"),
        ("sh", "meltano select tap-pardot lists nothing", "lists.nothing selects nothing"),
    ],
)
def test_a_block_of_code_that_names_what_does_not_exist_fails(language, text, problem):
    found = [*problems(f"As here:\n\n```{language}\n{text}\n```\n")]

    assert [each for each in found if problem in each], found


@pytest.mark.parametrize(
    "text",
    [
        "`visitor_activities.type`, `emails.message_*`, `api_version: 5`, `list_email_id`",
        "exit code 2, HTTP status code 404, Pardot codes 46 and 49, TAP_PARDOT_START_DATE",
        "```yaml\nconfig:\n  stream_maps:\n    '*': {email: md5(email)}\n```\n",
        "```yaml\nselect: ['*.*', '!prospect_ids.*']\n```\n",
        "```yaml\nloaders: [{name: target-jsonl, config: {destination_path: output}}]\n```\n",
        "```sql\nWITH latest AS (SELECT id FROM crm.prospects) SELECT 1 FROM latest\n```\n",
        '```json\n{"streams": []}\n```\n',
    ],
)
def test_what_exists_passes(text):
    assert [*problems(text)] == []


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("[x](nothing.md)", "nothing.md leads to no file"),
        ("[x](#nothing)", "#nothing leads to no title"),
        ("[x](other.md#nothing)", "other.md#nothing leads to no title"),
        ("[x](other.md#the-title-of-it)", None),
        ("[x](https://example.com/nothing)", None),
        ("`[x](nothing.md)`", None),
    ],
)
def test_a_link_that_leads_nowhere_fails(tmp_path, link, problem):
    (tmp_path / "mkdocs.yml").touch()
    (tmp_path / "other.md").write_text("# The title (of `it`)\n")
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\nSee {link}.\n")

    assert [*broken_links(page)] == ([] if problem is None else [problem])


def test_a_block_of_code_is_found_also_in_a_list():
    text = "- one\n\n  ```yaml\n  config: {}\n  ```\n\n```sh\nls\n```\n"

    assert [each.language for each in fences(text)] == ["yaml", "sh"]
    assert not re.search("config|ls", prose(text))


def test_the_readme_is_read_in_a_minute_and_counts_the_streams():
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert len(text.splitlines()) <= 150
    assert f"{len(STREAMS) + len(V5_STREAMS)} streams" in text
