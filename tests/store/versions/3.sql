-- A store of version 3, as callflow of that version left one that version 2 had written.
PRAGMA application_id = 1128680535;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
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
, ends INTEGER NOT NULL DEFAULT 0, told INTEGER NOT NULL DEFAULT 0, part TEXT NOT NULL DEFAULT '', route TEXT NOT NULL DEFAULT '', target TEXT NOT NULL DEFAULT '', repeatable INTEGER NOT NULL DEFAULT 0);
INSERT INTO "acts" VALUES(2,'AC1','CA1','caps','cut','abc','["say", "hangup"]','{"Twiml": "<Response><Say>Grüße</Say><Hangup/></Response>"}','age 31m gte 30m',1000,1,'','done',1,1100,'',0,14,'','','',0);
INSERT INTO "acts" VALUES(3,'AC1','CA2','caps','end','abc','["hangup"]','{"Status": "completed"}','age 31m gte 30m',2000,1,'','gone',1,2100,'the call is over',1,15,'','','',0);
INSERT INTO "acts" VALUES(4,'AC1','CA3','caps','end','abc','["cancel"]','{"Status": "canceled"}','age 31m gte 30m',3000,1,'','retrying',2,3100,'no answer',1,16,'','','',0);
INSERT INTO "acts" VALUES(5,'AC1','CA4','caps','end','abc','["hangup"]','{"Status": "completed"}','age 31m gte 30m',4000,1,'','withdrawn',1,4100,'too busy',1,17,'','','',0);
INSERT INTO "acts" VALUES(6,'AC1','CA5','caps','end','abc','["hangup"]','{"Status": "completed"}','age 31m gte 30m',5000,0,'','shadowed',1,5000,'',1,11,'','','',0);
INSERT INTO "acts" VALUES(7,'AC1','CA6','caps','per','abc','["say", "hangup"]','{"Twiml": "<Response><Say>Grüße</Say><Hangup/></Response>"}','age 31m gte 30m',6000,1,'+12125550100','unknown',1,6100,'no answer',0,18,'','','',0);
INSERT INTO "acts" VALUES(8,'AC1','CA7','caps','end','abc','["hangup"]','{"Status": "completed"}','age 31m gte 30m',7000,1,'','intended',1,7000,'',1,13,'','','',0);
CREATE TABLE checkpoint (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  seq  INTEGER NOT NULL,
  hash TEXT NOT NULL
);
INSERT INTO "checkpoint" VALUES(1,2,'441a0310d514ab5c4388abaecf27f220a8be6edf3157baf2ab0b7a75c2b433e1');
CREATE TABLE holds (
  account  TEXT NOT NULL,
  call_sid TEXT NOT NULL,
  rule     TEXT NOT NULL,       -- flow/rule@hash of its conditions
  since    INTEGER NOT NULL,
  PRIMARY KEY (account, call_sid, rule)
) WITHOUT ROWID;
INSERT INTO "holds" VALUES('AC1','CA1','caps/cut@1',900);
INSERT INTO "holds" VALUES('AC1','CA9','caps/long@2',950);
CREATE TABLE journal (
  seq  INTEGER PRIMARY KEY,
  act  INTEGER NOT NULL,
  body TEXT NOT NULL,           -- JSON object
  hash TEXT NOT NULL
);
INSERT INTO "journal" VALUES(3,0,'{"account":"","at":600,"by":"ann","event":"paused","flow":"vip","reason":"too eager","rule":"","until":null}','7072f16166ff79d83832398ca65753f29970a90d475e871a6cd7df0f6d889de7');
INSERT INTO "journal" VALUES(4,0,'{"account":"","at":700,"by":"ann","event":"paused","flow":"","reason":"wait","rule":"","until":null}','1c64c8d444e7c4de27d5275ea4e7161dde7f8557b9f2b0de0f7f4a7ceb33125e');
INSERT INTO "journal" VALUES(5,0,'{"account":"","at":800,"by":"bob","event":"resumed","flow":"","rule":""}','20a233bbf1b4f0335b71c8f903d981fb207b446f4d142999f8a513cd4fb1fc68');
INSERT INTO "journal" VALUES(6,0,'{"acts":1,"before":900,"event":"trimmed","hash":"441a0310d514ab5c4388abaecf27f220a8be6edf3157baf2ab0b7a75c2b433e1","seq":2}','86cb6f98c9614a3a9b8f86c442d4602b7a017a9cf557452207f9cafdbc55c311');
INSERT INTO "journal" VALUES(7,2,'{"account":"AC1","at":1000,"call":"CA1","ends":false,"flow":"caps","number":1,"outcome":"intended","request":{"Twiml":"<Response><Say>Grüße</Say><Hangup/></Response>"},"revision":"abc","rule":"cut","then":["say","hangup"],"value":"","why":"age 31m gte 30m"}','a887ea2aa32ea88635e25610410bc2c2c2b9f1e9b64273598fc968297b651c73');
INSERT INTO "journal" VALUES(8,3,'{"account":"AC1","at":2000,"call":"CA2","ends":true,"flow":"caps","number":1,"outcome":"intended","request":{"Status":"completed"},"revision":"abc","rule":"end","then":["hangup"],"value":"","why":"age 31m gte 30m"}','9eb97967ea4f5630133f490f0832e409172950ee63354537110fde05a69a14af');
INSERT INTO "journal" VALUES(9,4,'{"account":"AC1","at":3000,"call":"CA3","ends":true,"flow":"caps","number":1,"outcome":"intended","request":{"Status":"canceled"},"revision":"abc","rule":"end","then":["cancel"],"value":"","why":"age 31m gte 30m"}','d5d5bc75ca314c5cf9bfbc443b9be5916d946552560faa777093fd7e11e047d4');
INSERT INTO "journal" VALUES(10,5,'{"account":"AC1","at":4000,"call":"CA4","ends":true,"flow":"caps","number":1,"outcome":"intended","request":{"Status":"completed"},"revision":"abc","rule":"end","then":["hangup"],"value":"","why":"age 31m gte 30m"}','639e3701691022b89dd6bdc5d3e459ef6da77685248d9f8bff113ac0fa5a7893');
INSERT INTO "journal" VALUES(11,6,'{"account":"AC1","at":5000,"call":"CA5","ends":true,"flow":"caps","number":0,"outcome":"shadowed","request":{"Status":"completed"},"revision":"abc","rule":"end","then":["hangup"],"value":"","why":"age 31m gte 30m"}','d0f0dcf8acd8ab1780baa714b7d50fe718498b772a013b2f3cfb9ec2737a1a97');
INSERT INTO "journal" VALUES(12,7,'{"account":"AC1","at":6000,"call":"CA6","ends":false,"flow":"caps","number":1,"outcome":"intended","request":{"Twiml":"<Response><Say>Grüße</Say><Hangup/></Response>"},"revision":"abc","rule":"per","then":["say","hangup"],"value":"+12125550100","why":"age 31m gte 30m"}','e1ae1937a632708039cbe6cf3b297e8fb2e7bc14db7dba1f8ed73424e1f98729');
INSERT INTO "journal" VALUES(13,8,'{"account":"AC1","at":7000,"call":"CA7","ends":true,"flow":"caps","number":1,"outcome":"intended","request":{"Status":"completed"},"revision":"abc","rule":"end","then":["hangup"],"value":"","why":"age 31m gte 30m"}','16a67fa2df182284d9db0c4fad94df4ce60c308478b929bb121f82b7193c1983');
INSERT INTO "journal" VALUES(14,2,'{"at":1100,"attempt":1,"detail":"","outcome":"done"}','cb10c034e9d3715536a5097abbb1725095a89f565865cdaa7950174ff4a5efcd');
INSERT INTO "journal" VALUES(15,3,'{"at":2100,"attempt":1,"detail":"the call is over","outcome":"gone"}','37a0a6cee8acef5bf445c6d9a115ae27caa3004229371f33854ea7430e073c75');
INSERT INTO "journal" VALUES(16,4,'{"at":3100,"attempt":2,"detail":"no answer","outcome":"retrying"}','b0873e388531c3ce0f25feca492f90f5c0cadd47a02d41ac2d095f9ca539e9d8');
INSERT INTO "journal" VALUES(17,5,'{"at":4100,"attempt":1,"detail":"too busy","outcome":"withdrawn"}','acfb91f68efc92c340318b16a003e4fd5bfd60e092e7147a2933b785d11038e2');
INSERT INTO "journal" VALUES(18,7,'{"at":6100,"attempt":1,"detail":"no answer","outcome":"unknown"}','c7bad84c52a4055d01b280bd038c55bb5b5bf23c89c4b70926b7b910a23e25b8');
CREATE TABLE lease (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  holder TEXT,
  fence  INTEGER NOT NULL,
  beat   INTEGER NOT NULL,
  at     INTEGER NOT NULL
);
INSERT INTO "lease" VALUES(1,NULL,1,0,400);
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
INSERT INTO "pauses" VALUES(1,'','vip','',0,'too eager','ann',600,NULL,3);
CREATE TABLE polls (
  account TEXT PRIMARY KEY,
  at      INTEGER NOT NULL      -- the last poll whose holds were kept
) WITHOUT ROWID;
INSERT INTO "polls" VALUES('AC1',990);
CREATE INDEX acts_by_value ON acts (account, flow, rule, value, at) WHERE value <> '';
CREATE INDEX acts_unfinished ON acts (account) WHERE outcome IN ('intended', 'retrying');
CREATE INDEX acts_by_call ON acts (call_sid);
CREATE TRIGGER journal_is_final BEFORE UPDATE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE INDEX acts_that_end ON acts (account, at) WHERE ends = 1 AND number > 0;
CREATE INDEX journal_of_no_act ON journal (seq) WHERE act = 0;
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
CREATE TRIGGER journal_is_whole BEFORE DELETE ON journal
  WHEN OLD.seq > coalesce((SELECT seq FROM checkpoint), 0)
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE UNIQUE INDEX acts_once ON acts (account, call_sid, flow, rule, number, part)
  WHERE outcome <> 'withdrawn';
CREATE INDEX acts_withdrawn ON acts (account, call_sid, flow, rule, number, part)
  WHERE outcome = 'withdrawn';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('acts',8);
COMMIT;
