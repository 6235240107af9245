-- Encrypted workspaces that nobody has founded yet. Its first owner does, with the code that belongs to the key; nobody else.

CREATE TABLE founding (
  workspace BLOB PRIMARY KEY REFERENCES workspace,
  key       BLOB NOT NULL,           -- 32 bytes: Ed25519; the secret half is in the code
  expires   INTEGER NOT NULL         -- seconds since 1970: the last one the code is good for
) STRICT, WITHOUT ROWID;
