-- An invitation that a device brings, sealed, until somebody answers.

ALTER TABLE "devices" ADD COLUMN "invite" BLOB NOT NULL DEFAULT x'';
