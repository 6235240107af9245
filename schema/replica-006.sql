-- The membership log of the workspace, as far as it was read and checked: who may write here. Empty in a workspace that
-- has none, where everybody's changesets count.

CREATE TABLE membership (
  number INTEGER PRIMARY KEY,        -- 1, 2, 3 ... without gaps
  bytes  BLOB NOT NULL               -- the entry, verbatim
) STRICT;

CREATE TABLE membership_unsent (
  id      BLOB PRIMARY KEY,          -- 32 bytes: SHA-256 of `bytes`
  bytes   BLOB NOT NULL,             -- an entry that the remote's log has not got: it lost it, or it was said here
  refused INTEGER                    -- why the remote does not take it; NULL while that is not known
) STRICT, WITHOUT ROWID;

CREATE TABLE membership_pin (
  only INTEGER PRIMARY KEY CHECK (only = 1),  -- one row
  id   BLOB NOT NULL                 -- 32 bytes: an entry that the log must have: the invite this device came in with
) STRICT;
