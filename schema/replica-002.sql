-- Texts that merge: the insides of those that were edited, or replaced. What a reader sees stands in `entity`.

CREATE TABLE text (
  entity    BLOB NOT NULL,           -- whose field it is
  id        BLOB NOT NULL,           -- 32 bytes: the change that wrote it first (writer, sequence, index)
  document  BLOB NOT NULL,           -- TextDocument: every run, who inserted it, who removed it
  PRIMARY KEY (entity, id)
) STRICT, WITHOUT ROWID;
