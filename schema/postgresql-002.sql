-- How much a workspace takes, and proofs that a writer's name was used for two branches: log-003.sql.

ALTER TABLE log ADD COLUMN
  bytes         bigint NOT NULL DEFAULT 0;   -- of all its changesets together

-- All workspaces at once: for this one statement the second wall is down.
ALTER TABLE changeset DISABLE ROW LEVEL SECURITY;
UPDATE log SET bytes = (
  SELECT coalesce(sum(length(changeset.bytes)), 0) FROM changeset WHERE changeset.workspace = log.workspace);
ALTER TABLE changeset ENABLE ROW LEVEL SECURITY;

CREATE TABLE fork (
  workspace     bytea NOT NULL,   -- where
  writer        bytea NOT NULL,   -- 16 bytes: whose name; its store was copied or restored, or its key is in other hands
  device        text NOT NULL,    -- the device that sent it
  bytes         bytea NOT NULL,   -- the first changeset that was refused, signed; the one in its place is in the log
  PRIMARY KEY (workspace, writer)
);
ALTER TABLE fork ENABLE ROW LEVEL SECURITY;
ALTER TABLE fork FORCE ROW LEVEL SECURITY;
CREATE POLICY own_workspace ON fork USING (workspace = dossier_workspace());
