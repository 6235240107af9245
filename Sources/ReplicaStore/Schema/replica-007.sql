-- The keys of an encrypted workspace, as far as this device was given them. Empty in a workspace that is not encrypted.

CREATE TABLE epoch (
  number INTEGER PRIMARY KEY,        -- 1, 2, 3 ...; the newest seals what is written here
  key    BLOB NOT NULL               -- 32 bytes
) STRICT;
