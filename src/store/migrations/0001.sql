-- The first schema. Ids are BLOBs whose byte order is the tree's order; times are microseconds UTC.

CREATE TABLE "counter" ("revision" INTEGER NOT NULL) STRICT;
INSERT INTO "counter" VALUES (0);

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
	"uid" BLOB NOT NULL,
	"parent" BLOB REFERENCES "groups" ("uid"),
	"name" TEXT NOT NULL,
	"description" TEXT NOT NULL,
	"is_verified" INTEGER NOT NULL CHECK ("is_verified" IN (0, 1)),
	"kind" INTEGER NOT NULL,
	"status" INTEGER NOT NULL,
	"is_system" INTEGER NOT NULL CHECK ("is_system" IN (0, 1)),
	"created_us" INTEGER NOT NULL,
	"updated_us" INTEGER NOT NULL,
	PRIMARY KEY ("uid")
) STRICT, WITHOUT ROWID;

CREATE TABLE "limits" (
	"group" BLOB NOT NULL REFERENCES "groups" ("uid"),
	"kind" TEXT NOT NULL,
	"most" INTEGER NOT NULL,
	PRIMARY KEY ("group", "kind")
) STRICT, WITHOUT ROWID;

CREATE TABLE "identities" (
	"uid" BLOB NOT NULL,
	"parent" BLOB REFERENCES "groups" ("uid"),
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
	"last_seen_us" INTEGER NOT NULL,
	PRIMARY KEY ("uid")
) STRICT;

CREATE TABLE "roles" (
	"uid" BLOB NOT NULL,
	"parent" BLOB REFERENCES "groups" ("uid"),
	"name" TEXT NOT NULL,
	"description" TEXT NOT NULL,
	"caps" BLOB NOT NULL CHECK (length("caps") = 32),
	"created_us" INTEGER NOT NULL,
	"updated_us" INTEGER NOT NULL,
	PRIMARY KEY ("uid")
) STRICT, WITHOUT ROWID;

CREATE TABLE "bindings" (
	"uid" BLOB NOT NULL,
	"group" BLOB NOT NULL REFERENCES "groups" ("uid"),
	"identity" BLOB NOT NULL,
	"role" BLOB NOT NULL REFERENCES "roles" ("uid"),
	"not_before_s" INTEGER NOT NULL,
	"expires_s" INTEGER NOT NULL,
	"created_us" INTEGER NOT NULL,
	PRIMARY KEY ("uid")
) STRICT, WITHOUT ROWID;

CREATE TABLE "repos" (
	"uid" BLOB NOT NULL,
	"parent" BLOB NOT NULL REFERENCES "groups" ("uid"),
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
	"updated_us" INTEGER NOT NULL,
	PRIMARY KEY ("uid")
) STRICT;

CREATE TABLE "tags" (
	"uid" BLOB NOT NULL,
	"parent" BLOB NOT NULL REFERENCES "repos" ("uid"),
	"name" TEXT NOT NULL,
	"digest" TEXT NOT NULL,
	"bundles" TEXT NOT NULL,
	"is_deprecated" INTEGER NOT NULL CHECK ("is_deprecated" IN (0, 1)),
	"kind" INTEGER NOT NULL,
	"created_us" INTEGER NOT NULL,
	"updated_us" INTEGER NOT NULL,
	PRIMARY KEY ("uid")
) STRICT, WITHOUT ROWID;

CREATE TABLE "signing_keys" (
	"kid" TEXT NOT NULL,
	"algorithm" TEXT NOT NULL,
	"sealed" BLOB NOT NULL,
	"certificate" BLOB NOT NULL,
	"created_us" INTEGER NOT NULL,
	"active_us" INTEGER NOT NULL,
	"retired_us" INTEGER NOT NULL,
	PRIMARY KEY ("kid")
) STRICT, WITHOUT ROWID;

CREATE TABLE "setup_codes" (
	"digest" BLOB NOT NULL,
	"expires_us" INTEGER NOT NULL,
	"tries_left" INTEGER NOT NULL,
	PRIMARY KEY ("digest")
) STRICT, WITHOUT ROWID;

CREATE TABLE "facts" (
	"name" TEXT NOT NULL,
	"value" BLOB NOT NULL,
	PRIMARY KEY ("name")
) STRICT, WITHOUT ROWID;

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

CREATE UNIQUE INDEX "groups_by_name" ON "groups" ("parent", "name") WHERE "parent" IS NOT NULL;
CREATE UNIQUE INDEX "groups_verified" ON "groups" ("name") WHERE "parent" IS NULL AND "is_verified" = 1;
CREATE INDEX "groups_by_parent" ON "groups" ("parent");
CREATE INDEX "identities_by_parent" ON "identities" ("parent");
CREATE INDEX "identities_by_subject" ON "identities" ("issuer", "subject");
CREATE UNIQUE INDEX "roles_by_name" ON "roles" ("parent", "name") WHERE "parent" IS NOT NULL;
CREATE UNIQUE INDEX "roles_builtin" ON "roles" ("name") WHERE "parent" IS NULL;
CREATE INDEX "roles_by_parent" ON "roles" ("parent");
-- Covers what the authorization index loads, in the order it loads it.
CREATE INDEX "bindings_by_identity" ON "bindings" ("identity", "group", "role", "not_before_s", "expires_s");
CREATE INDEX "bindings_by_group" ON "bindings" ("group");
CREATE UNIQUE INDEX "bindings_by_role" ON "bindings" ("role", "identity", "group");
CREATE UNIQUE INDEX "repos_by_name" ON "repos" ("parent", "name");
CREATE UNIQUE INDEX "tags_by_name" ON "tags" ("parent", "name");
CREATE INDEX "events_by_group" ON "events" ("group", "revision");
