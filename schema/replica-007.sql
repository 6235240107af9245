-- The keys of an encrypted workspace, as far as this device was given them. Empty in a workspace that is not encrypted.

CREATE TABLE epoch (
  number INTEGER NOT NULL,           -- 1, 2, 3 ...
  key    BLOB NOT NULL,              -- 32 bytes; after a server was set back there can be two of one number
  seals  INTEGER NOT NULL,           -- 1: what is written here is sealed with it; 0: it is kept to read
  PRIMARY KEY (number, key)
) STRICT, WITHOUT ROWID;
