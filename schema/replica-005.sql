-- Receipts by writer: of a store that was copied or set back, two hold different things under one key. They only
-- make bundles smaller, so the old ones may go.

DROP TABLE receipt;

CREATE TABLE receipt (
  writer    BLOB PRIMARY KEY,        -- 16 bytes: the life of a device's store that made the bundle
  key       BLOB NOT NULL,           -- 32 bytes: the device's Ed25519 key
  maker     TEXT NOT NULL,           -- what people call it
  held      BLOB NOT NULL            -- of each writer the last changeset it held (ByteWriter.append(vector:))
) STRICT, WITHOUT ROWID;
