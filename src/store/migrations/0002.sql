-- People: their organizations' providers, invites, local accounts, sessions, codes that wait for them.

CREATE TABLE "providers" (
	"uid" BLOB NOT NULL PRIMARY KEY,
	"parent" BLOB NOT NULL REFERENCES "groups",
	"name" TEXT NOT NULL,
	"description" TEXT NOT NULL,
	"issuer" TEXT NOT NULL,
	"client_id" TEXT NOT NULL,
	"secret" BLOB NOT NULL,
	"scopes" TEXT NOT NULL,
	"role" BLOB REFERENCES "roles",
	"groups_claim" TEXT NOT NULL,
	"correlation" INTEGER NOT NULL,
	"is_pkce" INTEGER NOT NULL CHECK ("is_pkce" IN (0, 1)),
	"created_us" INTEGER NOT NULL,
	"updated_us" INTEGER NOT NULL
) STRICT;
CREATE INDEX "providers_by_parent" ON "providers" ("parent", "name");
CREATE INDEX "providers_by_role" ON "providers" ("role");

CREATE TABLE "invites" (
	"uid" BLOB NOT NULL PRIMARY KEY,
	"group" BLOB NOT NULL REFERENCES "groups",
	"role" BLOB NOT NULL REFERENCES "roles",
	"digest" BLOB NOT NULL,
	"key_id" TEXT NOT NULL,
	"email" TEXT NOT NULL,
	"is_single_use" INTEGER NOT NULL CHECK ("is_single_use" IN (0, 1)),
	"author" BLOB NOT NULL,
	"author_confined_to" BLOB,
	"expires_us" INTEGER NOT NULL,
	"created_us" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX "invites_by_digest" ON "invites" ("digest");
CREATE UNIQUE INDEX "invites_by_key_id" ON "invites" ("key_id");
CREATE INDEX "invites_by_group" ON "invites" ("group");
CREATE INDEX "invites_by_role" ON "invites" ("role");

CREATE TABLE "accounts" (
	"login" TEXT NOT NULL PRIMARY KEY,
	"subject" TEXT NOT NULL,
	"name" TEXT NOT NULL,
	"password" TEXT NOT NULL,
	"reset_digest" BLOB NOT NULL,
	"reset_expires_us" INTEGER NOT NULL,
	"is_email_verified" INTEGER NOT NULL CHECK ("is_email_verified" IN (0, 1)),
	"is_disabled" INTEGER NOT NULL CHECK ("is_disabled" IN (0, 1)),
	"created_us" INTEGER NOT NULL,
	"changed_us" INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX "accounts_by_subject" ON "accounts" ("subject");
CREATE INDEX "accounts_by_reset" ON "accounts" ("reset_digest") WHERE length("reset_digest") > 0;

CREATE TABLE "families" (
	"id" BLOB NOT NULL PRIMARY KEY,
	"identity" BLOB NOT NULL REFERENCES "identities",
	"confined_to" BLOB,
	"client_id" TEXT NOT NULL,
	"audiences" TEXT NOT NULL,
	"act" TEXT NOT NULL,
	"email" TEXT NOT NULL,
	"upstream" TEXT NOT NULL,
	"is_email_verified" INTEGER NOT NULL CHECK ("is_email_verified" IN (0, 1)),
	"peer" TEXT NOT NULL,
	"agent" TEXT NOT NULL,
	"generation" INTEGER NOT NULL,
	"rotated_us" INTEGER NOT NULL,
	"created_us" INTEGER NOT NULL,
	"expires_us" INTEGER NOT NULL,
	"idle_us" INTEGER NOT NULL
) STRICT;
CREATE INDEX "families_by_identity" ON "families" ("identity");
CREATE INDEX "families_by_end" ON "families" ("idle_us");

CREATE TABLE "devices" (
	"digest" BLOB NOT NULL PRIMARY KEY,
	"user_code" BLOB NOT NULL,
	"client_id" TEXT NOT NULL,
	"scope" TEXT NOT NULL,
	"peer" TEXT NOT NULL,
	"agent" TEXT NOT NULL,
	"state" INTEGER NOT NULL,
	"who" BLOB NOT NULL,
	"created_us" INTEGER NOT NULL,
	"expires_us" INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX "devices_by_user_code" ON "devices" ("user_code");
CREATE INDEX "devices_by_end" ON "devices" ("expires_us");

CREATE TABLE "handovers" (
	"code" BLOB NOT NULL PRIMARY KEY,
	"ecdh" BLOB NOT NULL,
	"sealed" BLOB NOT NULL,
	"created_us" INTEGER NOT NULL,
	"expires_us" INTEGER NOT NULL
) STRICT;
CREATE INDEX "handovers_by_end" ON "handovers" ("expires_us");

CREATE TABLE "marks" (
	"digest" BLOB NOT NULL PRIMARY KEY,
	"expires_us" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX "marks_by_end" ON "marks" ("expires_us");

CREATE TABLE "signin_rules" (
	"group" BLOB NOT NULL PRIMARY KEY REFERENCES "groups",
	"is_code_off" INTEGER NOT NULL CHECK ("is_code_off" IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE "access_requests" (
	"group" BLOB NOT NULL REFERENCES "groups",
	"identity" BLOB NOT NULL REFERENCES "identities",
	"created_us" INTEGER NOT NULL,
	PRIMARY KEY ("group", "identity")
) STRICT, WITHOUT ROWID;
CREATE INDEX "access_requests_by_identity" ON "access_requests" ("identity");
