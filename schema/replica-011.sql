-- The latest that the clocks of certain changesets count as. The membership log says so; can be made from it again.

CREATE TABLE clock_bound (
  writer    BLOB NOT NULL,           -- 16 bytes
  sequence  INTEGER NOT NULL,        -- of the changeset among those of its writer
  latest    INTEGER NOT NULL,        -- as 64 bits, like `changeset.clock`
  PRIMARY KEY (writer, sequence)
) STRICT, WITHOUT ROWID;

ALTER TABLE replica
  ADD COLUMN bounded INTEGER NOT NULL DEFAULT 0;  -- how many entries of the membership log were searched for them
