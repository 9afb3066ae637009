-- The first schema. A migration that was released is never changed: its checksum is recorded in every database.
-- Ids are the plain bytes of a UIDP, so that comparing them orders the tree and a subtree is a range. Times are microseconds
-- UTC (_us) or seconds (_s), 0 = unset. Small rows live in their primary key's tree (WITHOUT ROWID), large ones do not.

-- One row: the number of the last commit.
CREATE TABLE "counter" (
	"id" INTEGER PRIMARY KEY CHECK ("id" = 1),
	"revision" INTEGER NOT NULL
) STRICT;
INSERT INTO "counter" VALUES (1, 0);

-- What each commit changed; kind and op as in store.h. Every revision has at least one row.
CREATE TABLE "changes" (
	"revision" INTEGER NOT NULL,
	"ordinal" INTEGER NOT NULL,
	"kind" INTEGER NOT NULL,
	"op" INTEGER NOT NULL,
	"key" BLOB,
	"subject" BLOB,
	PRIMARY KEY ("revision", "ordinal")
) STRICT, WITHOUT ROWID;

CREATE TABLE "groups" (
	"uid" BLOB NOT NULL PRIMARY KEY,
	"parent" BLOB REFERENCES "groups",
	"name" TEXT NOT NULL,
	"description" TEXT NOT NULL,
	"is_verified" INTEGER NOT NULL CHECK ("is_verified" IN (0, 1)),
	"kind" INTEGER NOT NULL,
	"status" INTEGER NOT NULL,
	"is_system" INTEGER NOT NULL CHECK ("is_system" IN (0, 1)),
	"created_us" INTEGER NOT NULL,
	"updated_us" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Siblings differ by name; organizations (no parent: all different to an index) may share one until verified.
CREATE UNIQUE INDEX "groups_by_parent" ON "groups" ("parent", "name");
CREATE UNIQUE INDEX "groups_verified" ON "groups" ("name") WHERE "parent" IS NULL AND "is_verified" = 1;
CREATE INDEX "groups_by_name" ON "groups" ("name");

CREATE TABLE "limits" (
	"group" BLOB NOT NULL REFERENCES "groups",
	"kind" TEXT NOT NULL,
	"most" INTEGER NOT NULL,
	PRIMARY KEY ("group", "kind")
) STRICT, WITHOUT ROWID;

CREATE TABLE "identities" (
	"uid" BLOB NOT NULL PRIMARY KEY,
	"parent" BLOB REFERENCES "groups",
	"name" TEXT NOT NULL,
	"description" TEXT NOT NULL,
	"email" TEXT NOT NULL,
	"email_unverified" TEXT NOT NULL,
	"company" TEXT NOT NULL,
	"relationship" INTEGER NOT NULL,
	"issuer_kind" INTEGER NOT NULL,
	"subject_kind" INTEGER NOT NULL,
	"audience_kind" INTEGER NOT NULL,
	"issuer" TEXT NOT NULL,
	"subject" TEXT NOT NULL,
	"audience" TEXT NOT NULL,
	"claims" TEXT NOT NULL,
	"claim_patterns" TEXT NOT NULL,
	"issuer_keys" TEXT NOT NULL,
	"audiences" TEXT NOT NULL,
	"expires_us" INTEGER NOT NULL,
	"aws_account" TEXT NOT NULL,
	"aws_arn" TEXT NOT NULL,
	"aws_user_id" TEXT NOT NULL,
	"aws_arn_kind" INTEGER NOT NULL,
	"aws_user_id_kind" INTEGER NOT NULL,
	"service_principal" INTEGER NOT NULL,
	"is_pull_token" INTEGER NOT NULL CHECK ("is_pull_token" IN (0, 1)),
	"created_us" INTEGER NOT NULL,
	"updated_us" INTEGER NOT NULL,
	"last_seen_us" INTEGER NOT NULL
) STRICT;
CREATE INDEX "identities_by_parent" ON "identities" ("parent", "name");
CREATE INDEX "identities_by_issuer" ON "identities" ("issuer", "subject");

CREATE TABLE "roles" (
	"uid" BLOB NOT NULL PRIMARY KEY,
	"parent" BLOB REFERENCES "groups",
	"name" TEXT NOT NULL,
	"description" TEXT NOT NULL,
	"caps" BLOB NOT NULL CHECK (length("caps") = 32),
	"created_us" INTEGER NOT NULL,
	"updated_us" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX "roles_by_parent" ON "roles" ("parent", "name");
CREATE UNIQUE INDEX "roles_built_in" ON "roles" ("name") WHERE "parent" IS NULL;
CREATE INDEX "roles_by_name" ON "roles" ("name");

CREATE TABLE "bindings" (
	"uid" BLOB NOT NULL PRIMARY KEY,
	"group" BLOB NOT NULL REFERENCES "groups",
	"identity" BLOB NOT NULL, -- a user may be bound before they first come
	"role" BLOB NOT NULL REFERENCES "roles",
	"not_before_s" INTEGER NOT NULL,
	"expires_s" INTEGER NOT NULL,
	"created_us" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Holds every column, so that the authorization index is loaded by one ordered scan of it.
CREATE INDEX "bindings_by_identity" ON "bindings" ("identity", "uid", "group", "role", "not_before_s", "expires_s", "created_us");
CREATE UNIQUE INDEX "bindings_once" ON "bindings" ("role", "identity", "group");
CREATE INDEX "bindings_by_group" ON "bindings" ("group");

CREATE TABLE "repos" (
	"uid" BLOB NOT NULL PRIMARY KEY,
	"parent" BLOB NOT NULL REFERENCES "groups",
	"name" TEXT NOT NULL,
	"description" TEXT NOT NULL,
	"readme" TEXT NOT NULL,
	"tier" INTEGER NOT NULL,
	"bundles" TEXT NOT NULL,
	"aliases" TEXT NOT NULL,
	"active_tags" TEXT NOT NULL,
	"sync_config" BLOB NOT NULL,
	"custom_overlay" BLOB NOT NULL,
	"created_us" INTEGER NOT NULL,
	"updated_us" INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX "repos_by_parent" ON "repos" ("parent", "name");

CREATE TABLE "tags" (
	"uid" BLOB NOT NULL PRIMARY KEY,
	"parent" BLOB NOT NULL REFERENCES "repos",
	"name" TEXT NOT NULL,
	"digest" TEXT NOT NULL,
	"bundles" TEXT NOT NULL,
	"is_deprecated" INTEGER NOT NULL CHECK ("is_deprecated" IN (0, 1)),
	"kind" INTEGER NOT NULL,
	"created_us" INTEGER NOT NULL,
	"updated_us" INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX "tags_by_parent" ON "tags" ("parent", "name");

CREATE TABLE "signing_keys" (
	"kid" TEXT NOT NULL PRIMARY KEY,
	"algorithm" TEXT NOT NULL,
	"sealed" BLOB NOT NULL,
	"certificate" BLOB NOT NULL,
	"created_us" INTEGER NOT NULL,
	"active_us" INTEGER NOT NULL,
	"retired_us" INTEGER NOT NULL
) STRICT;

CREATE TABLE "setup_codes" (
	"digest" BLOB NOT NULL PRIMARY KEY,
	"expires_us" INTEGER NOT NULL,
	"tries_left" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "facts" (
	"name" TEXT NOT NULL PRIMARY KEY,
	"value" BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Appended in the order of commits; outlives what it tells of, so it refers to nothing.
CREATE TABLE "events" (
	"revision" INTEGER NOT NULL,
	"ordinal" INTEGER NOT NULL,
	"id" TEXT NOT NULL,
	"type" TEXT NOT NULL,
	"source" TEXT NOT NULL,
	"subject" TEXT NOT NULL,
	"group" BLOB,
	"actor" BLOB,
	"audience" TEXT NOT NULL,
	"method" TEXT NOT NULL,
	"act" TEXT NOT NULL,
	"body_type" TEXT NOT NULL,
	"body" TEXT NOT NULL,
	"request_id" TEXT NOT NULL,
	"peer" TEXT NOT NULL,
	"by_operator" INTEGER NOT NULL CHECK ("by_operator" IN (0, 1)),
	"at_us" INTEGER NOT NULL,
	PRIMARY KEY ("revision", "ordinal")
) STRICT;
CREATE UNIQUE INDEX "events_by_id" ON "events" ("id");
CREATE INDEX "events_by_group" ON "events" ("group", "revision", "ordinal");
