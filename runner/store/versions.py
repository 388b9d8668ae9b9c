"""The store's schema, version by version, and how an older file becomes one of today's.

A version that was released is never edited: what comes later is a further script. Each is run once,
in order; a new file runs them all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

_ACTS_AND_JOURNAL = """
CREATE TABLE acts (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  account    TEXT NOT NULL,
  call_sid   TEXT NOT NULL,
  flow       TEXT NOT NULL,
  rule       TEXT NOT NULL,
  revision   TEXT NOT NULL,
  then_      TEXT NOT NULL,     -- JSON list of action names
  request    TEXT NOT NULL,     -- JSON object of form fields
  why        TEXT NOT NULL,
  at         INTEGER NOT NULL,  -- milliseconds since the epoch
  number     INTEGER NOT NULL,  -- the rule's how many-eth act on this call; 0 is a shadow's
  value      TEXT NOT NULL,     -- of the field that `once: {per: ...}` names
  outcome    TEXT NOT NULL,
  attempt    INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  detail     TEXT NOT NULL DEFAULT ''
);
-- Each act once: only one that was withdrawn before sending makes room for another.
CREATE UNIQUE INDEX acts_once ON acts (account, call_sid, flow, rule, number)
  WHERE outcome <> 'withdrawn';
CREATE INDEX acts_by_value ON acts (account, flow, rule, value, at) WHERE value <> '';
CREATE INDEX acts_unfinished ON acts (account) WHERE outcome IN ('intended', 'retrying');
CREATE INDEX acts_by_call ON acts (call_sid);

-- Everything that was ever written to acts, in order; each row's hash covers the row before it.
CREATE TABLE journal (
  seq  INTEGER PRIMARY KEY,
  act  INTEGER NOT NULL,
  body TEXT NOT NULL,           -- JSON object
  hash TEXT NOT NULL
);
CREATE TRIGGER journal_is_final BEFORE UPDATE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_whole BEFORE DELETE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TABLE holds (
  account  TEXT NOT NULL,
  call_sid TEXT NOT NULL,
  rule     TEXT NOT NULL,       -- flow/rule@hash of its conditions
  since    INTEGER NOT NULL,
  PRIMARY KEY (account, call_sid, rule)
) WITHOUT ROWID;
CREATE TABLE polls (
  account TEXT PRIMARY KEY,
  at      INTEGER NOT NULL      -- the last poll whose holds were kept
) WITHOUT ROWID;
"""

_ENDS_PAUSES_LEASE_TRIMS = """
-- Whether the act hangs up or cancels. Where an old request can't be read it counts as if it did.
ALTER TABLE acts ADD COLUMN ends INTEGER NOT NULL DEFAULT 0;
UPDATE acts SET ends = iif(json_valid(request),
  coalesce(json_extract(request, '$.Status') IN ('completed', 'canceled'), 0), 1);
CREATE INDEX acts_that_end ON acts (account, at) WHERE ends = 1 AND number > 0;

-- The last row of the journal that is about the act.
ALTER TABLE acts ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
UPDATE acts SET told = last.seq
  FROM (SELECT act, max(seq) AS seq FROM journal GROUP BY act) AS last WHERE last.act = acts.id;

-- What must not act now. `told` is the row of the journal that says so.
CREATE TABLE pauses (
  id      INTEGER PRIMARY KEY,
  account TEXT NOT NULL,
  flow    TEXT NOT NULL,
  rule    TEXT NOT NULL,
  tripped INTEGER NOT NULL,
  reason  TEXT NOT NULL,
  by_     TEXT NOT NULL,
  at      INTEGER NOT NULL,
  until   INTEGER,
  told    INTEGER NOT NULL,
  UNIQUE (account, flow, rule, tripped)
);
CREATE INDEX journal_of_no_act ON journal (seq) WHERE act = 0;

-- Who may act. The row outlives every holder (NULL: given back), so that fences only grow.
CREATE TABLE lease (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  holder TEXT,
  fence  INTEGER NOT NULL,
  beat   INTEGER NOT NULL,
  at     INTEGER NOT NULL
);

-- Where the journal begins since its front was trimmed: the last row that went, and its hash.
-- It moves only together with a row at the journal's end that says the same.
CREATE TABLE checkpoint (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  seq  INTEGER NOT NULL,
  hash TEXT NOT NULL
);
CREATE TRIGGER checkpoint_is_made BEFORE INSERT ON checkpoint
  WHEN NOT EXISTS (
    SELECT 1 FROM journal AS trim, journal AS cut
    WHERE trim.seq = (SELECT max(seq) FROM journal) AND trim.act = 0
      AND json_extract(trim.body, '$.event') = 'trimmed'
      AND json_extract(trim.body, '$.seq') = NEW.seq
      AND json_extract(trim.body, '$.hash') = NEW.hash
      AND cut.seq = NEW.seq AND cut.hash = NEW.hash)
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER checkpoint_is_final BEFORE UPDATE ON checkpoint
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER checkpoint_is_whole BEFORE DELETE ON checkpoint
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_grows BEFORE INSERT ON journal
  WHEN NEW.seq <= (SELECT max(seq) FROM journal)
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
DROP TRIGGER journal_is_whole;
CREATE TRIGGER journal_is_whole BEFORE DELETE ON journal
  WHEN OLD.seq > coalesce((SELECT seq FROM checkpoint), 0)
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""

_PARTS = """
-- An act is one row a part: '' is the update of the call, another the action beside it.
ALTER TABLE acts ADD COLUMN part TEXT NOT NULL DEFAULT '';
ALTER TABLE acts ADD COLUMN route TEXT NOT NULL DEFAULT '';
ALTER TABLE acts ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE acts ADD COLUMN repeatable INTEGER NOT NULL DEFAULT 0;

-- Each part once: only one that was withdrawn before sending makes room for another.
DROP INDEX acts_once;
CREATE UNIQUE INDEX acts_once ON acts (account, call_sid, flow, rule, number, part)
  WHERE outcome <> 'withdrawn';
CREATE INDEX acts_withdrawn ON acts (account, call_sid, flow, rule, number, part)
  WHERE outcome = 'withdrawn';
"""

_BY_CALL = """
-- What begins with a call's SID is in no order of time: in a large file each claim reads and writes
-- another page of every such index. These two answer what a third one did.
DROP INDEX acts_by_call;
DROP INDEX acts_once;
CREATE UNIQUE INDEX acts_once ON acts (call_sid, account, flow, rule, number, part)
  WHERE outcome <> 'withdrawn';
DROP INDEX acts_withdrawn;
CREATE INDEX acts_withdrawn ON acts (call_sid, account, flow, rule, number, part)
  WHERE outcome = 'withdrawn';
"""

#: In order. A file's `PRAGMA user_version` says how many of them it has been through.
VERSIONS = (_ACTS_AND_JOURNAL, _ENDS_PAUSES_LEASE_TRIMS, _PARTS, _BY_CALL)

#: For each version that a file may still have when it is only looked at, and so can't be changed:
#: views in this connection's own temporary schema, which show it as one of today's.
VIEWS = {
    1: """
CREATE TEMP VIEW acts AS SELECT *, NULL AS told, iif(json_valid(request),
  coalesce(json_extract(request, '$.Status') IN ('completed', 'canceled'), 0), 1) AS ends,
  '' AS part, '' AS route, '' AS target, 0 AS repeatable FROM main.acts;
CREATE TEMP VIEW pauses AS SELECT NULL AS id, NULL AS account, NULL AS flow, NULL AS rule,
  NULL AS tripped, NULL AS reason, NULL AS by_, NULL AS at, NULL AS until, NULL AS told WHERE 0;
CREATE TEMP VIEW lease AS SELECT NULL AS holder, NULL AS fence, NULL AS beat, NULL AS at WHERE 0;
CREATE TEMP VIEW checkpoint AS SELECT NULL AS seq, NULL AS hash WHERE 0;
""",
    2: """
CREATE TEMP VIEW acts AS SELECT *, '' AS part, '' AS route, '' AS target, 0 AS repeatable
  FROM main.acts;
""",
    3: "",
}


def upgrade(db: sqlite3.Connection, owner: int) -> None:
    """Runs the scripts that the file lacks; the caller's transaction makes them one step.

    `owner` is the mark of our files. What the file has been through is read inside the
    transaction: another process may have done the work since anybody looked.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for script in VERSIONS[version:]:
        for statement in statements(script):
            db.execute(statement)
    if version < len(VERSIONS):
        db.execute(f"PRAGMA application_id = {owner}")
        db.execute(f"PRAGMA user_version = {len(VERSIONS)}")


def statements(script: str) -> Iterator[str]:
    """One after the other: `executescript` would end the transaction that they belong in."""
    collected = ""
    for line in script.splitlines(keepends=True):
        collected += line
        if sqlite3.complete_statement(collected):
            yield collected
            collected = ""
