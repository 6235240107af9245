-- Snapshots: what the beginning of a log amounts to, made and signed by a device, for those who come late. Once
-- there is one, `changeset.bytes` may be empty up to `log_compaction.position`: names and hashes stay.

CREATE TABLE log_compaction (
  workspace BLOB PRIMARY KEY,     -- 16 bytes
  position  INTEGER NOT NULL      -- up to here bytes may be missing; the snapshot goes at least as far
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot (
  workspace BLOB PRIMARY KEY,     -- 16 bytes; the newest one of each log is kept
  id        BLOB NOT NULL,        -- 32 bytes: SHA-256 of all its bytes
  position  INTEGER NOT NULL,     -- the last changeset it stands for
  size      INTEGER NOT NULL      -- in bytes
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot_part (
  workspace BLOB NOT NULL,        -- whose snapshot
  place     INTEGER NOT NULL,     -- 0, 1, 2 ...: each but the last is as long as the first
  bytes     BLOB NOT NULL,        -- at most 2 MiB of it, verbatim
  PRIMARY KEY (workspace, place)
) STRICT;

CREATE TABLE snapshot_arriving (
  workspace BLOB NOT NULL,        -- where it is sent to
  device    TEXT NOT NULL,        -- who sends it
  place     INTEGER NOT NULL,     -- 0, 1, 2 ... in the order of arrival
  id        BLOB NOT NULL,        -- of the whole, as its sender says
  bytes     BLOB NOT NULL,        -- one part
  PRIMARY KEY (workspace, device, place)
) STRICT;
