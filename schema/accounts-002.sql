-- Who may do what is a signed log from here on (the membership log): members and devices follow from it and are kept nowhere
-- else. What is left here besides is what only a server knows: names of workspaces, and what devices show it.

DROP TABLE device;
DROP TABLE invite;
DROP TABLE member;

CREATE TABLE membership (
  workspace BLOB NOT NULL REFERENCES workspace,  -- whose log
  number    INTEGER NOT NULL,                    -- 1, 2, 3 ... without gaps
  bytes     BLOB NOT NULL,                       -- the entry, verbatim
  PRIMARY KEY (workspace, number)
) STRICT;

CREATE TABLE token (
  workspace BLOB NOT NULL REFERENCES workspace,  -- where the device may sync
  key       BLOB NOT NULL,                       -- 32 bytes: the device's Ed25519 key
  token     BLOB NOT NULL UNIQUE,                -- 32 bytes: SHA-256 of the token it shows
  PRIMARY KEY (workspace, key)
) STRICT, WITHOUT ROWID;
