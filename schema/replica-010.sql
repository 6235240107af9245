-- What a remote had in its membership log and lost is told from what was said here: an owner's device says it again when it
-- cannot be taken as it was said.

ALTER TABLE membership_unsent
  ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;  -- 1: it was in the remote's log, the last word about a member or a device

ALTER TABLE epoch
  ADD COLUMN foreign_founder INTEGER NOT NULL DEFAULT 0;  -- 1: of a log that another founder began: not given to those of this one
