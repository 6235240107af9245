-- The server's log of one or more workspaces. Bodies are never read, only kept.

CREATE TABLE log (
  workspace BLOB PRIMARY KEY,     -- 16 bytes
  id        BLOB NOT NULL         -- 16 bytes: this life of the log; a restored or new log has another
) STRICT, WITHOUT ROWID;

CREATE TABLE changeset (
  workspace BLOB NOT NULL,        -- the workspace whose log this stands in
  position  INTEGER NOT NULL,     -- 1, 2, 3 ... without gaps
  id        BLOB NOT NULL,        -- 32 bytes: SHA-256 of `bytes`
  hash      BLOB NOT NULL,        -- 32 bytes: the running hash after this position
  device    TEXT NOT NULL,        -- the device that sent it (not always the one that wrote it)
  bytes     BLOB NOT NULL,        -- the changeset, verbatim
  PRIMARY KEY (workspace, position),
  UNIQUE (workspace, id)
) STRICT;

CREATE TABLE writer (
  workspace BLOB NOT NULL,        -- the workspace it writes in
  id        BLOB NOT NULL,        -- 16 bytes: one life of a device's store
  key       BLOB NOT NULL,        -- 32 bytes: Ed25519 key of its device, from its first changeset
  sequence  INTEGER NOT NULL,     -- the number of its last changeset here
  head      BLOB NOT NULL,        -- the id of that changeset
  PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact (
  workspace BLOB NOT NULL,        -- where
  device    TEXT NOT NULL,        -- who
  at        INTEGER NOT NULL,     -- last request, in seconds since 1970; written once a minute at most
  position  INTEGER NOT NULL,     -- how far the answer brought it
  PRIMARY KEY (workspace, device)
) STRICT, WITHOUT ROWID;
