-- Keys that this store wrote with and has no more: lost, or shut out. What is signed with one and not sent yet is our own
-- all the same: where the remote will not take it, it is written again with the present key.

CREATE TABLE former_key (
  key BLOB PRIMARY KEY               -- 32 bytes: Ed25519 key, as `writer.key`
) STRICT, WITHOUT ROWID;
