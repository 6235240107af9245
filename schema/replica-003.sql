-- Exchange without a network: what other devices are known to hold, and what shared folders hold.

CREATE TABLE receipt (
  key       BLOB PRIMARY KEY,        -- 32 bytes: the device's Ed25519 key
  maker     TEXT NOT NULL,           -- what people call it
  held      BLOB NOT NULL            -- of each writer the last changeset it held (ByteWriter.append(vector:))
) STRICT, WITHOUT ROWID;

CREATE TABLE shared_folder (
  id        TEXT PRIMARY KEY,        -- what the folder's own file says it is
  held      BLOB NOT NULL            -- of each writer the last changeset some bundle in it holds
) STRICT, WITHOUT ROWID;

CREATE TABLE shared_bundle (
  folder    TEXT NOT NULL,           -- the folder's id
  name      TEXT NOT NULL,           -- a bundle in it that was read here
  PRIMARY KEY (folder, name)
) STRICT, WITHOUT ROWID;
