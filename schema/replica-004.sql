-- A log that begins with a snapshot: what its first changesets amount to, in the place of their bytes. Where a
-- changeset stands in both `changeset` and `snapshot_changeset`, its bytes are kept for history alone.

CREATE TABLE snapshot_writer (
  writer    INTEGER PRIMARY KEY,     -- `writer.number`
  salt      BLOB NOT NULL,           -- 16 bytes: with the device's key it makes the writer's name
  sequence  INTEGER NOT NULL,        -- its last changeset that the snapshot stands for
  head      BLOB NOT NULL            -- the id of that changeset
) STRICT;

CREATE TABLE snapshot_changeset (
  id        BLOB PRIMARY KEY,        -- 32 bytes: a changeset that the snapshot stands for
  writer    INTEGER NOT NULL,        -- who wrote it
  sequence  INTEGER NOT NULL,        -- its number with that writer
  place     INTEGER NOT NULL,        -- its place in the snapshot, from 1
  position  INTEGER                  -- where it stands in the remote's log; NULL until the remote said so
) STRICT, WITHOUT ROWID;

CREATE INDEX snapshot_changeset_missing ON snapshot_changeset (place) WHERE position IS NULL;

CREATE TABLE snapshot_entity (
  id        BLOB PRIMARY KEY,        -- 16 bytes
  kind      INTEGER NOT NULL,        -- as `entity.kind`, at the end of the snapshot
  state     BLOB NOT NULL            -- as `entity.state`
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot_text (
  entity    BLOB NOT NULL,           -- as `text.entity`
  id        BLOB NOT NULL,           -- as `text.id`
  document  BLOB NOT NULL,           -- as `text.document`
  PRIMARY KEY (entity, id)
) STRICT, WITHOUT ROWID;
