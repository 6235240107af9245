-- A server's logs and accounts in PostgreSQL: what log-*.sql and accounts-*.sql are in SQLite, with the same names.
--
-- Every key begins with the workspace, so that the large tables can be distributed by it. Whoever writes a workspace's log or
-- takes a right away in it holds its row in `log` until the commit: positions have no gaps, and nobody reads past one that is
-- still on its way. The second wall, after the queries themselves: within a transaction only the rows of the workspace in the
-- setting `dossier.workspace` (32 hexadecimal digits) are there at all.

CREATE TABLE server (
  one           integer PRIMARY KEY CHECK (one = 1),  -- one row
  address       text NOT NULL                         -- where invites say the server is: "https://host"
);

CREATE TABLE workspace (
  id            bytea PRIMARY KEY,     -- 16 random bytes
  name          text NOT NULL UNIQUE   -- what the administrator calls it
);

CREATE TABLE membership (
  workspace     bytea NOT NULL REFERENCES workspace,  -- whose log
  number        bigint NOT NULL,                      -- 1, 2, 3 ... without gaps
  bytes         bytea NOT NULL,                       -- the entry, verbatim
  PRIMARY KEY (workspace, number)
);

CREATE TABLE token (
  workspace     bytea NOT NULL REFERENCES workspace,  -- where the device may sync
  key           bytea NOT NULL,                       -- 32 bytes: the device's Ed25519 key
  token         bytea NOT NULL UNIQUE,                -- 32 bytes: SHA-256 of the token it shows
  PRIMARY KEY (workspace, key)
);

CREATE TABLE founding (
  workspace     bytea PRIMARY KEY REFERENCES workspace,  -- encrypted, and nobody has founded it yet
  key           bytea NOT NULL,                          -- 32 bytes: Ed25519; the secret half is in the code
  expires       bigint NOT NULL                          -- seconds since 1970: the last one the code is good for
);

CREATE TABLE log (
  workspace     bytea PRIMARY KEY,  -- 16 bytes
  id            bytea NOT NULL      -- 16 bytes: this life of the log; a restored or new log has another
);

CREATE TABLE changeset (
  workspace     bytea NOT NULL,   -- the workspace whose log this stands in
  position      bigint NOT NULL,  -- 1, 2, 3 ... without gaps
  id            bytea NOT NULL,   -- 32 bytes: SHA-256 of `bytes`
  hash          bytea NOT NULL,   -- 32 bytes: the running hash after this position
  device        text NOT NULL,    -- the device that sent it (not always the one that wrote it)
  bytes         bytea NOT NULL,   -- the changeset, verbatim
  PRIMARY KEY (workspace, position),
  UNIQUE (workspace, id)
);
-- They are compressed or sealed already: trying again costs time.
ALTER TABLE changeset ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE writer (
  workspace     bytea NOT NULL,   -- the workspace it writes in
  id            bytea NOT NULL,   -- 16 bytes: one life of a device's store
  key           bytea NOT NULL,   -- 32 bytes: Ed25519 key of its device, from its first changeset
  sequence      bigint NOT NULL,  -- the number of its last changeset here
  head          bytea NOT NULL,   -- the id of that changeset
  PRIMARY KEY (workspace, id)
);

CREATE TABLE contact (
  workspace     bytea NOT NULL,   -- where
  device        text NOT NULL,    -- who
  at            bigint NOT NULL,  -- last request, in seconds since 1970; written once a minute at most
  position      bigint NOT NULL,  -- how far the answer brought it
  PRIMARY KEY (workspace, device)
);

CREATE TABLE log_compaction (
  workspace     bytea PRIMARY KEY,  -- 16 bytes
  position      bigint NOT NULL     -- up to here bytes may be missing; the snapshot goes at least as far
);

CREATE TABLE snapshot (
  workspace     bytea PRIMARY KEY,  -- 16 bytes; the newest one of each log is kept
  id            bytea NOT NULL,     -- 32 bytes: SHA-256 of all its bytes
  position      bigint NOT NULL,    -- the last changeset it stands for
  size          bigint NOT NULL     -- in bytes
);

CREATE TABLE snapshot_part (
  workspace     bytea NOT NULL,   -- whose snapshot
  place         bigint NOT NULL,  -- 0, 1, 2 ...: each but the last is as long as the first
  bytes         bytea NOT NULL,   -- at most 2 MiB of it, verbatim
  PRIMARY KEY (workspace, place)
);
ALTER TABLE snapshot_part ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE snapshot_arriving (
  workspace     bytea NOT NULL,   -- where it is sent to
  device        text NOT NULL,    -- who sends it
  place         bigint NOT NULL,  -- 0, 1, 2 ... in the order of arrival
  id            bytea NOT NULL,   -- of the whole, as its sender says
  bytes         bytea NOT NULL,   -- one part
  PRIMARY KEY (workspace, device, place)
);
ALTER TABLE snapshot_arriving ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE FUNCTION dossier_workspace() RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT decode(current_setting('dossier.workspace', true), 'hex') $$;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'membership', 'founding', 'changeset', 'writer', 'contact', 'log_compaction', 'snapshot', 'snapshot_part',
    'snapshot_arriving']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY own_workspace ON %I USING (workspace = dossier_workspace())', name);
  END LOOP;
END
$$;
