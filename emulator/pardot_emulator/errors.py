"""Pardot's error codes: the message of each and the HTTP status it is served with.

Messages are those of reference A.9. The statuses are the reference's suggestion (A.8 [?]): only
184 -> 401 was ever seen, so everything else here can be switched in `Settings`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pardot_emulator.settings import Settings


class PardotError(Exception):
    """Pardot refuses a call, with a code and the message of its answer (A.7, A.9)."""

    def __init__(self, code: int, message: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or MESSAGES.get(code, f"Error {code}")


MESSAGES: Mapping[int, str] = {
    1: "Invalid API key or user key",
    2: "Invalid action",
    3: "Invalid prospect ID",
    4: "Invalid prospect email address",
    5: "Invalid query parameters",
    6: "Invalid time frame",
    7: "Invalid timestamp",
    8: "Invalid time range",
    9: "A prospect with the specified email address already exists",
    10: "Invalid user ID",
    11: "Invalid user email address",
    12: "Invalid group ID",
    13: "One or more required parameters are missing",
    14: "Non-existent prospect ID; No email address provided",
    15: "Login failed",
    16: "Invalid ID",
    17: "Invalid ID range",
    18: "Invalid value for profile criteria matching status",
    19: "Invalid value specified for sort_by",
    20: "Invalid value specified for sort_order",
    21: "Invalid value specified for offset",
    22: "Unsupported feature in this version of the API",
    23: "Invalid value specified for limit",
    24: "Invalid visitor ID",
    35: "Invalid opportunity ID",
    36: "One or more required parameter values are missing",
    37: "A Salesforce connector was detected",
    38: "Invalid campaign ID",
    39: "Invalid profile ID",
    40: "Invalid opportunity probability",
    41: "Invalid probability range specified",
    42: "Invalid opportunity value",
    43: "Invalid opportunity value range specified",
    44: "The provided prospect_id and prospect_email parameters do not match",
    45: "The provided user_id and user_email parameters do not match",
    46: "This API user lacks sufficient permissions for the requested operation",
    48: "Invalid visit ID",
    49: "Access Denied",
    50: "Invalid boolean",
    51: "Invalid parameter",
    52: "Invalid parameter range",
    53: "Client IP address/location must be activated before accessing API",
    55: "Invalid list ID",
    60: "Invalid HTTP request method",
    61: "Invalid prospect account id",
    62: "Conflicting Update",
    63: "Too many IDs specified",
    64: "Email content missing required variables",
    65: "Invalid email format",
    66: "You have exceeded your concurrent request limit. Please wait, before trying again",
    67: ("You have reached or exceeded the limit of how many of this type of object you may have."),
    68: "Template with this id does not exist.",
    71: "Input needs to be valid JSON or XML",
    76: "API access was disabled",
    84: "An error has occurred for which no reason is provided.",
    85: "Unable to save the prospect",
    86: "Invalid Template id",
    88: "Your account must use version 4 of the API.",
    89: "Your account is unable to use version 4 of the API.",
    93: "The selected template is missing send options",
    94: "The provided version is not a valid number",
    98: "Prospect not mailable",
    109: "The requested record was not found.",
    116: "Request outdated.",
    122: "Daily API rate limit met",
    126: "Invalid authentication mechanism",
    131: "Your account is locked due to too many failed login attempts.",
    132: "Prospect is archived",
    133: "Up to 2 sort by options are allowed.",
    134: "Up to 2 sort order options are allowed.",
    135: "When passing a comma-separated value, one of the two values must be id.",
    145: "Invalid archived parameter specified. Allowed values are true or false.",
    146: "Invalid archived parameter specified. Allowed values are true or false.",
    150: "Input needs to be valid JSON",
    151: "Unsupported content-type",
    152: "Request body can't be empty",
    153: "Missing required property in request",
    154: "Invalid property in request",
    174: "Unknown procedure name.",
    175: "Unknown procedure argument.",
    176: "Missing required argument.",
    177: "Invalid procedure argument.",
    178: "The current state of the export does not allow the operation",
    180: "One or more of the specified fields are invalid",
    181: "A required header is missing",
    182: "Invalid header value",
    183: "An internal error occurred, please try your request again",
    184: "access_token is invalid, unknown, or malformed",
    190: "Email sending is blocked for this account.",
    192: "Object specified does not exist",
    194: "Invalid MIME type.",
    196: "Invalid authentication mechanism.",
    198: "Endpoint not found.",
    199: (
        "Authentication using an api_key is no longer supported. Use Salesforce OAuth access "
        "token instead."
    ),
    201: ("Business Unit specified in Pardot-Business-Unit-Id header not found or inactive."),
    202: "Minute rate limit met",
    203: (
        "An admin user for the account not found. Ensure a user with the default admin role exists."
    ),
    209: (
        "Too many fields have filters: The max number of 3 distinct fields with filters was "
        "exceeded for this query."
    ),
    210: "Page token has expired.",
    211: "Page token is invalid.",
    214: "API request timed out.",
    224: "Invalid fields for request type",
    228: "The api call doesn't support mixed api versions",
}

UNAUTHORIZED = frozenset({1, 15, 126, 184, 196, 199})
FORBIDDEN = frozenset({46, 49, 53, 76})
THROTTLED = frozenset({66, 122, 202})
SERVER_FAULT = frozenset({183, 214})
# "192/109/198 and 'invalid X ID' on read" (A.8).
NOT_FOUND = frozenset({109, 192, 198})
INVALID_ID = frozenset({3, 4, 10, 11, 35, 38, 48, 55, 68, 86})


def status_of(code: int, settings: Settings, *, read: bool) -> int:
    """Return the HTTP status of an error by the switches (A.8, suggested map [?]).

    Args:
        code: Pardot error code.
        settings: The switches.
        read: The call asked for one record, so that an invalid id means "not found".
    """
    if settings.legacy_status:
        return 200
    groups = (
        (UNAUTHORIZED, 401),
        (FORBIDDEN, 403),
        (THROTTLED, settings.throttle_status),
        (SERVER_FAULT, 500),
        (NOT_FOUND | INVALID_ID if read else NOT_FOUND, settings.not_found_status),
    )
    return next((status for codes, status in groups if code in codes), 400)
