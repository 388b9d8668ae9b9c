-- A store of version 1, as callflow of that version wrote it.
PRAGMA application_id = 1128680535;
PRAGMA user_version = 1;
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
);
INSERT INTO "acts" VALUES(1,'AC1','CA1','caps','cut','abc','["say", "hangup"]','{"Twiml": "<Response><Say>Grüße</Say><Hangup/></Response>"}','age 31m gte 30m',1000,1,'','done',1,1100,'');
INSERT INTO "acts" VALUES(2,'AC1','CA2','caps','end','abc','["hangup"]','{"Status": "completed"}','age 31m gte 30m',2000,1,'','gone',1,2100,'the call is over');
INSERT INTO "acts" VALUES(3,'AC1','CA3','caps','end','abc','["cancel"]','{"Status": "canceled"}','age 31m gte 30m',3000,1,'','retrying',2,3100,'no answer');
INSERT INTO "acts" VALUES(4,'AC1','CA4','caps','end','abc','["hangup"]','{"Status": "completed"}','age 31m gte 30m',4000,1,'','withdrawn',1,4100,'too busy');
INSERT INTO "acts" VALUES(5,'AC1','CA5','caps','end','abc','["hangup"]','{"Status": "completed"}','age 31m gte 30m',5000,0,'','shadowed',1,5000,'');
INSERT INTO "acts" VALUES(6,'AC1','CA6','caps','per','abc','["say", "hangup"]','{"Twiml": "<Response><Say>Grüße</Say><Hangup/></Response>"}','age 31m gte 30m',6000,1,'+12125550100','unknown',1,6100,'no answer');
INSERT INTO "acts" VALUES(7,'AC1','CA7','caps','end','abc','["hangup"]','{"Status": "completed"}','age 31m gte 30m',7000,1,'','intended',1,7000,'');
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
INSERT INTO "journal" VALUES(1,1,'{"account":"AC1","at":1000,"call":"CA1","flow":"caps","number":1,"outcome":"intended","request":{"Twiml":"<Response><Say>Grüße</Say><Hangup/></Response>"},"revision":"abc","rule":"cut","then":["say","hangup"],"value":"","why":"age 31m gte 30m"}','dd5c9dc49060a37e0ee586a287599cadb423076bf090eae17b5b4c4e857a6418');
INSERT INTO "journal" VALUES(2,2,'{"account":"AC1","at":2000,"call":"CA2","flow":"caps","number":1,"outcome":"intended","request":{"Status":"completed"},"revision":"abc","rule":"end","then":["hangup"],"value":"","why":"age 31m gte 30m"}','8777c8881bed693ef025d91cf663aa61f978a023c0155b2f6f2d00cc00f4a420');
INSERT INTO "journal" VALUES(3,3,'{"account":"AC1","at":3000,"call":"CA3","flow":"caps","number":1,"outcome":"intended","request":{"Status":"canceled"},"revision":"abc","rule":"end","then":["cancel"],"value":"","why":"age 31m gte 30m"}','e14b92120751ae8008e8536b7265f0eeed56abba386e8965df3217b092517cb3');
INSERT INTO "journal" VALUES(4,4,'{"account":"AC1","at":4000,"call":"CA4","flow":"caps","number":1,"outcome":"intended","request":{"Status":"completed"},"revision":"abc","rule":"end","then":["hangup"],"value":"","why":"age 31m gte 30m"}','f1f8a3bb8f1d5ae7cb5564e1a4e0abc43797eb4eaa2d2f3c8b51eb56fe57921d');
INSERT INTO "journal" VALUES(5,5,'{"account":"AC1","at":5000,"call":"CA5","flow":"caps","number":0,"outcome":"shadowed","request":{"Status":"completed"},"revision":"abc","rule":"end","then":["hangup"],"value":"","why":"age 31m gte 30m"}','e357291b5ef7db0ecb3a6e7b5da7b743ca7df65486693e19f8fe69b4627e0be8');
INSERT INTO "journal" VALUES(6,6,'{"account":"AC1","at":6000,"call":"CA6","flow":"caps","number":1,"outcome":"intended","request":{"Twiml":"<Response><Say>Grüße</Say><Hangup/></Response>"},"revision":"abc","rule":"per","then":["say","hangup"],"value":"+12125550100","why":"age 31m gte 30m"}','b656fc53778871abf756c8a34de32e1077c14341409d9407bc099b529aec8da6');
INSERT INTO "journal" VALUES(7,7,'{"account":"AC1","at":7000,"call":"CA7","flow":"caps","number":1,"outcome":"intended","request":{"Status":"completed"},"revision":"abc","rule":"end","then":["hangup"],"value":"","why":"age 31m gte 30m"}','93114f03c5659813d59c78f42b7e7e12fa131beb2d4f66430b17489b22cbb58b');
INSERT INTO "journal" VALUES(8,1,'{"at":1100,"attempt":1,"detail":"","outcome":"done"}','9b32e5b2bef5d00d91f9630626376f77e626c37605700fc553b20e579fba8d2f');
INSERT INTO "journal" VALUES(9,2,'{"at":2100,"attempt":1,"detail":"the call is over","outcome":"gone"}','cd36749d33aba9383f34067fba4baef03700c56b4544f31770e56477eae5d922');
INSERT INTO "journal" VALUES(10,3,'{"at":3100,"attempt":2,"detail":"no answer","outcome":"retrying"}','a6b09e71cfce5ee756d5d9f97b7c9cd4c32fa439efc4469057a70fda8c7fe5aa');
INSERT INTO "journal" VALUES(11,4,'{"at":4100,"attempt":1,"detail":"too busy","outcome":"withdrawn"}','045fb57ba4a62212457f5128f0bf4fa51f3aef19de0bc44d7d31489dcc8c0048');
INSERT INTO "journal" VALUES(12,6,'{"at":6100,"attempt":1,"detail":"no answer","outcome":"unknown"}','1e57339e91c4118a1eeb780a75e4f1ee308d37b3495a0c1245d958bf3a935041');
CREATE TABLE polls (
  account TEXT PRIMARY KEY,
  at      INTEGER NOT NULL      -- the last poll whose holds were kept
) WITHOUT ROWID;
INSERT INTO "polls" VALUES('AC1',990);
CREATE UNIQUE INDEX acts_once ON acts (account, call_sid, flow, rule, number)
  WHERE outcome <> 'withdrawn';
CREATE INDEX acts_by_value ON acts (account, flow, rule, value, at) WHERE value <> '';
CREATE INDEX acts_unfinished ON acts (account) WHERE outcome IN ('intended', 'retrying');
CREATE INDEX acts_by_call ON acts (call_sid);
CREATE TRIGGER journal_is_final BEFORE UPDATE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_whole BEFORE DELETE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('acts',7);
COMMIT;
