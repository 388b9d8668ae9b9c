"""For each example of a condition in the reference: a call that it fits, and one that it doesn't.

A call is written by the fields that matter; the others are those of a plain call. `age` says how
old it is, `others` which other calls are live, `now` what time it is, `account` whose call it is.
"""

from __future__ import annotations

from typing import Any

Given = dict[str, Any]

SID, OTHER_SID = "0123456789abcdef0123456789abcdef", "f" * 32
OPEN, CLOSED = "2026-11-02T15:00:00Z", "2026-11-02T22:30:00Z"  # of the window `office`
HALF_AN_HOUR = {"age": "30m"}


def sharing(field: str, value: str, count: int) -> list[Given]:
    """Other live calls, all older than a plain one, which share a value."""
    return [{"sid": f"CA{number:032x}", field: value, "age": "2h"} for number in range(count)]


def crowd(count: int) -> Given:
    """A call from a number that so many live calls share, itself included."""
    return {"from": "+14155550100", "others": sharing("from", "+14155550100", count - 1)}


#: The example, as the reference shows it → what fits, what doesn't.
CALLS: dict[str, tuple[Given, Given]] = {
    # any, all and not
    'any:\n  - {from: {prefix: "+1900"}}\n  - {age: {gte: 2h}}': (
        {"from": "+19005550100", "age": "1m"},
        {"from": "+14155550100", "age": "119m"},
    ),
    "all:\n  - {direction: inbound}\n  - any: [{age: {gte: 1h}}, {caller_name: {exists: false}}]": (
        {"direction": "inbound", "age": "1m"},
        {"direction": "inbound", "age": "1m", "caller_name": "ACME CORP"},
    ),
    'not: {from: {in: ["+14155550100", "client:agent-7"]}}': (
        {"from": "+14155550199"},
        {"from": "client:agent-7"},
    ),
    # fields
    f"sid: CA{SID}": ({"sid": f"CA{SID}"}, {"sid": f"CA{OTHER_SID}"}),
    f"account_sid: AC{SID}": ({"account_sid": f"AC{SID}"}, {"account_sid": f"AC{OTHER_SID}"}),
    f"leg: child\nparent_call_sid: CA{SID}": (
        {"parent_call_sid": f"CA{SID}"},
        {"parent_call_sid": f"CA{OTHER_SID}"},
    ),
    f"phone_number_sid: PN{SID}": (
        {"phone_number_sid": f"PN{SID}"},
        {"phone_number_sid": f"PN{OTHER_SID}"},
    ),
    f"group_sid: GP{SID}": ({"group_sid": f"GP{SID}"}, {"group_sid": f"GP{OTHER_SID}"}),
    f"trunk_sid: TK{SID}": ({"trunk_sid": f"TK{SID}"}, {"trunk_sid": f"TK{OTHER_SID}"}),
    'to: "+14155550100"': ({"to": "+14155550100"}, {"to": "+14155550101"}),
    'from: {in: ["+14155550100", "client:agent-7"]}': (
        {"from": "client:agent-7"},
        {"from": "client:agent-8"},
    ),
    'to_formatted: "(415) 555-0100"': (
        {"to_formatted": "(415) 555-0100"},
        {"to_formatted": "(415) 555-0101"},
    ),
    'from_formatted: "(415) 555-0100"': (
        {"from_formatted": "(415) 555-0100"},
        {"from_formatted": "(415) 555-0101"},
    ),
    'forwarded_from: "+14155550100"': (
        {"forwarded_from": "+14155550100"},
        {"forwarded_from": "+14155550101"},
    ),
    "caller_name: ACME CORP": ({"caller_name": "ACME CORP"}, {"caller_name": "Acme Corp"}),
    "status: [queued, ringing]": ({"status": "ringing"}, {"status": "in-progress"}),
    "direction: inbound": ({"direction": "inbound"}, {"direction": "outbound-api"}),
    "answered_by: human": ({"answered_by": "human"}, {"answered_by": "machine_start"}),
    "start_time: {lt: 2026-11-02T15:00:00Z}": (
        {"start_time": "Mon, 02 Nov 2026 14:59:59 +0000"},
        {"start_time": "Mon, 02 Nov 2026 15:00:00 +0000"},
    ),
    "date_created: {lt: 2026-11-02T15:00:00Z}": (
        {"date_created": "Mon, 02 Nov 2026 14:59:59 +0000"},
        {"date_created": "Mon, 02 Nov 2026 15:00:00 +0000"},
    ),
    "date_updated: {lt: 2026-11-02T15:00:00Z}": (
        {"date_updated": "Mon, 02 Nov 2026 14:59:59 +0000"},
        {"date_updated": "Mon, 02 Nov 2026 15:00:00 +0000"},
    ),
    "queue_time: {gt: 30s}": ({"queue_time": "30001"}, {"queue_time": "30000"}),
    'api_version: "2010-04-01"': ({"api_version": "2010-04-01"}, {"api_version": "2008-08-01"}),
    "age: {gte: 30m}": (HALF_AN_HOUR, {"age": "29m59s"}),
    "leg: child": ({"parent_call_sid": f"CA{SID}"}, {}),
    "from_country: US": ({"from": "+14155550100"}, {"from": "+442079460018"}),
    "to_country: US": ({"to": "+14155550100"}, {"to": "+442079460018"}),
    "from_type: mobile": ({"from": "+4915112345678"}, {"from": "+493012345678"}),
    "to_type: premium_rate": ({"to": "+19005550100"}, {"to": "+14155550100"}),
    "during: office": ({"now": OPEN}, {"now": CLOSED}),
    "outside: office": ({"now": CLOSED}, {"now": OPEN}),
    "has_child: true": (
        {"sid": f"CA{SID}", "others": [{"sid": f"CA{OTHER_SID}", "parent_call_sid": f"CA{SID}"}]},
        {"sid": f"CA{SID}"},
    ),
    "concurrent: {by: from, gt: 10}": (crowd(11), crowd(10)),
    "excess: {by: to, over: 10}": (
        {"to": "+14155550100", "others": sharing("to", "+14155550100", 10)},
        {"to": "+14155550100", "others": sharing("to", "+14155550100", 9)},
    ),
    "account: main": ({"account": "main"}, {"account": "other"}),
    # operators
    "caller_name: {eq: ACME CORP}": ({"caller_name": "ACME CORP"}, {"caller_name": "ACME"}),
    "status: {eq: ringing}": ({"status": "ringing"}, {"status": "queued"}),
    "caller_name: {not: ACME CORP}": ({"caller_name": "ACME"}, {"caller_name": "ACME CORP"}),
    "status: {not: queued}": ({"status": "ringing"}, {"status": "queued"}),
    "status: {in: [queued, ringing]}": ({"status": "queued"}, {"status": "in-progress"}),
    "direction: {not_in: [inbound, outbound-dial]}": (
        {"direction": "outbound-api"},
        {"direction": "outbound-dial"},
    ),
    "status: {not_in: [queued, ringing]}": ({"status": "in-progress"}, {"status": "queued"}),
    "from: {in_list: partners}": ({"from": "+14155550100"}, {"from": "+14155550101"}),
    "from: {not_in_list: partners}": ({"from": "+14155550101"}, {"from": "+14155550100"}),
    'from: {prefix: "+1415"}': ({"from": "+14155550100"}, {"from": "+16285550100"}),
    'to: {suffix: "0100"}': ({"to": "+14155550100"}, {"to": "+14155550101"}),
    'to: {glob: "client:agent-*"}': ({"to": "client:agent-7"}, {"to": "client:chef"}),
    r"to: {regex: '\+1(415|628)\d{7}'}": ({"to": "+16285550100"}, {"to": "+1628555010"}),
    "start_time: {gt: 2026-11-02T15:00:00Z}": (
        {"start_time": "Mon, 02 Nov 2026 15:00:01 +0000"},
        {"start_time": "Mon, 02 Nov 2026 15:00:00 +0000"},
    ),
    "start_time: {gte: 2026-11-02T15:00:00Z}": (
        {"start_time": "Mon, 02 Nov 2026 15:00:00 +0000"},
        {"start_time": "Mon, 02 Nov 2026 14:59:59 +0000"},
    ),
    "start_time: {lte: 2026-11-02T15:00:00Z}": (
        {"start_time": "Mon, 02 Nov 2026 15:00:00 +0000"},
        {"start_time": "Mon, 02 Nov 2026 15:00:01 +0000"},
    ),
    "start_time: {between: [2026-11-02T09:00:00Z, 2026-11-02T17:00:00Z]}": (
        {"start_time": "Mon, 02 Nov 2026 17:00:00 +0000"},
        {"start_time": "Mon, 02 Nov 2026 17:00:01 +0000"},
    ),
    "start_time: {exists: true}": (
        {"start_time": "Mon, 02 Nov 2026 15:00:00 +0000"},
        {"start_time": ""},
    ),
    "age: {gt: 30m}": ({"age": "30m1s"}, HALF_AN_HOUR),
    "age: {lt: 30m}": ({"age": "29m59s"}, HALF_AN_HOUR),
    "age: {lte: 30m}": (HALF_AN_HOUR, {"age": "30m1s"}),
    "age: {between: [10m, 30m]}": (HALF_AN_HOUR, {"age": "9m59s"}),
    "concurrent: {by: from, gte: 10}": (crowd(10), crowd(9)),
    "concurrent: {by: from, lt: 3}": (crowd(2), crowd(3)),
    "concurrent: {by: from, lte: 3}": (crowd(3), crowd(4)),
    "concurrent: {by: from, between: [5, 10]}": (crowd(5), crowd(4)),
    "caller_name: {exists: false}": ({}, {"caller_name": "ACME CORP"}),
    "queue_time: {exists: true}": ({"queue_time": "0"}, {"queue_time": ""}),
}
