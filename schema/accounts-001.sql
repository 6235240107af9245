-- Who may do what at a server. A file of its own, so that an administrator can write it while the server
-- runs. Secrets and tokens are kept as SHA-256 only: who reads this file cannot enter.

CREATE TABLE server (
  only    INTEGER PRIMARY KEY CHECK (only = 1),  -- one row
  address TEXT NOT NULL                          -- where invites say the server is: "https://host"
) STRICT;

CREATE TABLE workspace (
  id   BLOB PRIMARY KEY,        -- 16 random bytes
  name TEXT NOT NULL UNIQUE     -- what the administrator calls it
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
  workspace BLOB NOT NULL REFERENCES workspace,  -- where
  name      TEXT NOT NULL,                       -- who
  role      TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'reader')),  -- what they may do
  disabled  INTEGER,                             -- since when not at all, in seconds since 1970
  PRIMARY KEY (workspace, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE invite (
  workspace BLOB NOT NULL,      -- where it lets in
  secret    BLOB NOT NULL,      -- 32 bytes: SHA-256 of the secret in the code
  member    TEXT NOT NULL,      -- whose device it lets in
  expires   INTEGER NOT NULL,   -- the last second it is good for, since 1970
  used      INTEGER,            -- when it was used, in seconds since 1970; NULL until then
  PRIMARY KEY (workspace, secret),
  FOREIGN KEY (workspace, member) REFERENCES member
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
  workspace BLOB NOT NULL,         -- where it may sync
  id        TEXT NOT NULL,         -- "v-" and 16 characters of base32 (80 random bits)
  member    TEXT NOT NULL,         -- whose it is
  name      TEXT NOT NULL,         -- what the member calls it
  key       BLOB NOT NULL,         -- 32 bytes: Ed25519 key its changesets are signed with
  token     BLOB NOT NULL UNIQUE,  -- 32 bytes: SHA-256 of the token it shows
  enrolled  INTEGER NOT NULL,      -- when it joined, in seconds since 1970
  revoked   INTEGER,               -- since when it is shut out, in seconds since 1970; NULL if not
  PRIMARY KEY (workspace, id),
  UNIQUE (workspace, key),
  FOREIGN KEY (workspace, member) REFERENCES member
) STRICT, WITHOUT ROWID;
