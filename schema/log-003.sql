-- How much a workspace takes, and proofs that a writer's name was used for two branches.

ALTER TABLE log ADD COLUMN
  bytes INTEGER NOT NULL DEFAULT 0;   -- of all its changesets together

UPDATE log SET bytes = (
  SELECT coalesce(sum(length(changeset.bytes)), 0) FROM changeset WHERE changeset.workspace = log.workspace);

CREATE TABLE fork (
  workspace BLOB NOT NULL,        -- where
  writer    BLOB NOT NULL,        -- 16 bytes: whose name; its store was copied or restored, or its key is in other hands
  device    TEXT NOT NULL,        -- the device that sent it
  bytes     BLOB NOT NULL,        -- the first changeset that was refused, signed; the one in its place is in the log
  PRIMARY KEY (workspace, writer)
) STRICT, WITHOUT ROWID;
